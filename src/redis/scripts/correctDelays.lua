--[[
Sets right what the clocks of workers do to jobs that wait for their time, by the clock of Redis. Safe to repeat.
- Brings forward those that were put off further than their delay says: by a worker whose clock is ahead.
- Has those taken at once whose time is over: a worker whose clock is behind, or was set back meanwhile, would leave them for as long.

KEYS[1] delayed  zset  ids by ms * 4096 + count
KEYS[2] marker   zset  BullMQ's, at which idle workers wait: '1' -> when the next of the delayed is due

ARGV[1] what the key of a job begins with: the queue's own, in the slot of the others
ARGV[2] ms that clocks may differ
ARGV[3] most jobs to look at

Returns how many were changed
]]
local TO_SCORE = 4096
-- ms since 1970. What is due since then is due by every clock, and is not looked at again.
local LONG_AGO = 1000000
-- Field of a job: the score with which it was first seen among the delayed, and when.
local SEEN = 'seenDelayed'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local allowed = now + tonumber(ARGV[2])
local late = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', string.format('%.0f', allowed * TO_SCORE), 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local count = 0
for place = 1, #late, 2 do
  local delay = tonumber(redis.call('HGET', ARGV[1] .. late[place], 'delay') or '') or 0
  if tonumber(late[place + 1]) / TO_SCORE > allowed + delay then
    redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', (now + delay) * TO_SCORE), late[place])
    count = count + 1
  end
end

local due = redis.call('ZRANGE', KEYS[1], 0, ARGV[3] - 1, 'WITHSCORES')
local last = 0
for place = 1, #due, 2 do
  local score = tonumber(due[place + 1])
  if score < LONG_AGO * TO_SCORE then
    last = score
  else
    local key = ARGV[1] .. due[place]
    local job = redis.call('HMGET', key, 'delay', SEEN)
    local as = string.format('%.0f', score)
    local seenAs, seenAt = string.match(job[2] or '', '^(%d+) (%d+)$')
    -- What the score says is by the clock of whoever put it off; when that was is not said. So it counts from when it was seen.
    if job[1] and seenAs ~= as then
      redis.call('HSET', key, SEEN, as .. ' ' .. string.format('%.0f', now))
    elseif job[1] and tonumber(seenAt) + tonumber(job[1]) + tonumber(ARGV[2]) < now then
      -- They keep their order.
      last = last + TO_SCORE
      redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', last), due[place])
      count = count + 1
    end
  end
end

if count > 0 then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  redis.call('ZADD', KEYS[2], string.format('%.0f', math.floor(tonumber(first[2]) / TO_SCORE)), '1')
end
return count
