--[[
Uses up a time step of a second factor: its code, and those before it, are good no more, at any process. Run twice it says
no the second time.

KEYS[1] hash, as for replaceFactor.lua

ARGV[1] who   ARGV[2] the time step of the code that fits

Returns 1; 0 where that code, or a later one, was used before
]]
local last = tonumber(redis.call('HGET', KEYS[1], 's:' .. ARGV[1]) or '-1')
if tonumber(ARGV[2]) <= last then return 0 end
redis.call('HSET', KEYS[1], 's:' .. ARGV[1], ARGV[2])
return 1
