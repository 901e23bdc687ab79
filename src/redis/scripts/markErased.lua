--[[
Writes down that a user was erased. Run again it counts one more erasure, of the later time, which does no harm.

KEYS[1] erased   hash   keyed hash of a user -> when, ms; generation -> how many erasures; latest -> the latest time

ARGV[1] keyed hash of the user (16 bytes)
ARGV[2] now, ms

Returns { 'marked', generation, time } | { 'wrong type', 1 }
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then return { 'wrong type', 1 } end

local known = redis.call('HMGET', KEYS[1], ARGV[1], 'generation', 'latest')
local at = math.max(tonumber(known[1] or '0'), tonumber(ARGV[2]))
local generation = tonumber(known[2] or '0') + 1
local time = string.format('%.0f', at)
redis.call('HSET', KEYS[1], ARGV[1], time, 'generation', string.format('%.0f', generation),
  'latest', string.format('%.0f', math.max(tonumber(known[3] or '0'), at)))
return { 'marked', generation, time }
