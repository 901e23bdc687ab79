--[[
Puts a block in the place of the first appends of a chain of the audit log. Safe to repeat, and beside another that does the
same: the second finds other appends there.

KEYS[1] tail     list  appends
KEYS[2] blocks   list
KEYS[3] changes  hash  chain → how often blocks were made or removed

ARGV[1] chain
ARGV[2] how many appends
ARGV[3] the first of them
ARGV[4] the last of them
ARGV[5] the block

Returns 1; 0 when these are not the first appends any more, and nothing was changed
]]
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[3] then return 0 end
if redis.call('LINDEX', KEYS[1], ARGV[2] - 1) ~= ARGV[4] then return 0 end
redis.call('HINCRBY', KEYS[3], ARGV[1], 1)
redis.call('RPUSH', KEYS[2], ARGV[5])
redis.call('LTRIM', KEYS[1], ARGV[2], -1)
return 1
