--[[
Reads a part of a chain of the audit log, blocks or appends.

KEYS[1] changes  hash  chain → how often blocks were made or removed
KEYS[2] list           blocks, or the tail

ARGV[1] chain
ARGV[2] place of the first
ARGV[3] place of the last

Returns { changes, element ... }: if changes are others than at the reading before, places are others too
]]
local elements = redis.call('LRANGE', KEYS[2], ARGV[2], ARGV[3])
table.insert(elements, 1, redis.call('HGET', KEYS[1], ARGV[1]) or '0')
return elements
