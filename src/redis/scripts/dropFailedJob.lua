--[[
Removes a job if it is among the failed ones of its queue. BullMQ's own removal takes a job in any state: one that somebody
else has just retried would be lost while it waits.

KEYS[1] failed    zset   ids by when they failed
KEYS[2] job       hash
KEYS[3...] what else BullMQ may keep of a job

ARGV[1] job's id

Returns 1 when it was removed, 0 when it was not there
]]
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then return 0 end
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('DEL', unpack(KEYS, 2))
return 1
