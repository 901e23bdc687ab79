--[[
Lets nobody store events of a type, or samples of a metric, any more who does not know of an erasure: see storeEventChunk.lua
and storeMetricChunk.lua. Safe to repeat.

KEYS[1] counts   hash   erased -> generation of the latest erasure, offset -> of the last event; samples have none

ARGV[1] generation

Returns { 'fenced', offset of the last event that was stored before } | { 'wrong type', 1 }
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then return { 'wrong type', 1 } end

local known = redis.call('HMGET', KEYS[1], 'erased', 'offset')
if tonumber(ARGV[1]) > tonumber(known[1] or '0') then redis.call('HSET', KEYS[1], 'erased', ARGV[1]) end
return { 'fenced', known[2] or '0' }
