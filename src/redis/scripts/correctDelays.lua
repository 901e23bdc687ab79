--[[
Brings forward jobs that were put off further than their delay says: by a worker whose clock is ahead. By the clock of Redis.
Safe to repeat.

KEYS[1] delayed  zset  ids by ms * 4096 + count
KEYS[2] marker   zset  BullMQ's, at which idle workers wait: '1' -> when the next of the delayed is due

ARGV[1] what the key of a job begins with: the queue's own, in the slot of the others
ARGV[2] ms that clocks may differ
ARGV[3] most jobs to look at

Returns how many were brought forward
]]
local TO_SCORE = 4096

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
if count > 0 then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  redis.call('ZADD', KEYS[2], string.format('%.0f', math.floor(tonumber(first[2]) / TO_SCORE)), '1')
end
return count
