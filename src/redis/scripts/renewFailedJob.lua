--[[
Makes a failed job new before it is retried: its stalls are forgotten, which BullMQ does not do, and it waits from now. With
the time of long ago it would be put forward at once, before those that have waited meanwhile (promoteWaiting.lua).

KEYS[1] failed    zset   ids by when they failed
KEYS[2] job       hash

ARGV[1] job's id

Returns 1 when it is among the failed ones, 0 when it is not, or nothing but its id is left
]]
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' or redis.call('TYPE', KEYS[2]).ok ~= 'hash' then return 0 end
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local time = redis.call('TIME')
redis.call('HDEL', KEYS[2], 'stc')
redis.call('HSET', KEYS[2], 'timestamp', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
return 1
