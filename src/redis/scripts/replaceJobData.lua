--[[
Puts other data in the place of a job's, if it still carries what was read. A worker that has the job already goes on with
what it was given; tried again, it finds the other.

KEYS[1] job   hash   data

ARGV[1] data as it was read
ARGV[2] data that takes its place

Returns 1 when it was replaced, 0 when the job is gone or carries something else
]]
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
if redis.call('HGET', KEYS[1], 'data') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[2])
return 1
