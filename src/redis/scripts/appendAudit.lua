--[[
Appends records to a chain of the audit log, if the chain still ends where the caller thinks. Safe to repeat: the same call
again finds its own head and changes nothing.

KEYS[1] heads  hash  chain → head
KEYS[2] tail   list  of the chain

ARGV[1] chain
ARGV[2] the head that is expected, '' for a chain that is not there yet
ARGV[3] the head afterwards
ARGV[4] the records, sealed

Returns false when it was done, the chain's head ('' for none) when that is another
]]
local head = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if head == ARGV[3] then return false end
if head ~= ARGV[2] then return head end
redis.call('RPUSH', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return false
