--[[
Removes the first blocks of a chain of the audit log. Safe to repeat, and beside another that does the same: the second finds
other blocks there.

KEYS[1] blocks   list
KEYS[2] changes  hash  chain → how often blocks were made or removed

ARGV[1] chain
ARGV[2] how many blocks
ARGV[3] the first of those that stay
ARGV[4] the same, sealed anew as the first

Returns 1; 0 when that block does not stand there any more, and nothing was changed
]]
if redis.call('LINDEX', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
redis.call('LTRIM', KEYS[1], ARGV[2] + 1, -1)
redis.call('LPUSH', KEYS[1], ARGV[4])
return 1
