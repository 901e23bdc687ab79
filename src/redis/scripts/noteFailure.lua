--[[
Notes that a credential failed, for everybody it may be counted for, and locks out whoever failed too often. Run twice it
counts twice, which errs on the safe side. What is over is forgotten on the way, a few at a time.

KEYS[1] hash: mark → 'failures:end of window:locks:locked until', ms   KEYS[2] sorted set: marks by when they are forgotten, ms
KEYS[3] sorted set: marks by until when they are locked out, ms

ARGV[1] now, ms   ARGV[2] failures that lock out   ARGV[3] within how many ms   ARGV[4] ms of the first lock, doubled by each one
ARGV[5] ms of the longest   ARGV[6] ms for which it is remembered that there was one   ARGV[7] marks that are kept at most
ARGV[8…] marks

Returns for each mark: ms for which it was locked out before, when nothing is counted; ms for which it is locked out now
]]
local now, most, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first, longest, remembered, kept = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local function forget(mark)
  redis.call('HDEL', KEYS[1], mark)
  redis.call('ZREM', KEYS[2], mark)
  redis.call('ZREM', KEYS[3], mark)
end

redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
for _, mark in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100)) do forget(mark) end

local answer = {}
for place = 8, #ARGV do
  local mark = ARGV[place]
  local failures, ends, locks, till = string.match(redis.call('HGET', KEYS[1], mark) or '', '^(%d+):(%d+):(%d+):(%d+)$')
  failures, ends, locks, till = tonumber(failures or 0), tonumber(ends or 0), tonumber(locks or 0), tonumber(till or 0)
  if till > now then
    answer[#answer + 1] = till - now
    answer[#answer + 1] = till - now
  else
    if ends <= now then failures, ends = 0, now + window end
    failures = failures + 1
    if failures >= most then
      till = now + math.min(first * 2 ^ math.min(locks, 30), longest)
      failures, ends, locks = 0, now, locks + 1
      redis.call('ZADD', KEYS[3], till, mark)
    end
    local gone = locks > 0 and math.max(till, now) + remembered or ends
    redis.call('HSET', KEYS[1], mark, string.format('%d:%d:%d:%d', failures, ends, locks, till))
    redis.call('ZADD', KEYS[2], gone, mark)
    answer[#answer + 1] = 0
    answer[#answer + 1] = math.max(till - now, 0)
  end
end

-- Those that would be forgotten first go first: who is locked out is remembered for long.
local over = redis.call('ZCARD', KEYS[2]) - kept
if over > 0 then
  for _, mark in ipairs(redis.call('ZRANGE', KEYS[2], 0, over - 1)) do forget(mark) end
end
for place = 1, 3 do redis.call('PEXPIRE', KEYS[place], remembered + longest) end
return answer
