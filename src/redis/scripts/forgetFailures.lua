--[[
Forgets the failures of somebody who signed in, or whom somebody lets in again. That there were locks stays remembered, so
that the next one is no shorter, unless it is told otherwise. Safe to repeat.

KEYS[1] hash: mark → 'failures:end of window:locks:locked until', ms   KEYS[2] sorted set: marks by when they are forgotten
KEYS[3] sorted set: marks by until when they are locked out

ARGV[1] mark   ARGV[2] '1': forget the locks too

Returns 1 where there was something to forget
]]
local locks = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^%d+:%d+:(%d+):%d+$')
redis.call('ZREM', KEYS[3], ARGV[1])
if not locks then return 0 end
if ARGV[2] == '1' or locks == '0' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], '0:0:' .. locks .. ':0')
end
return 1
