--[[
Removes from a part of one bucket the marks of ids that were stored before a day. A mark is written again by nobody once
it is that old: events of its time are refused as expired.

KEYS[1] bucket   hash   id (8 bytes) -> day of storage (2 bytes), owner (4)

ARGV[1] day (since 1970): marks of days before it are removed
ARGV[2] cursor of HSCAN, '0' to begin
ARGV[3] fields to look at, about

Returns { 'removed', next cursor ('0' at the end), marks removed } | { 'wrong type', 1 }
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { 'removed', '0', 0 } end
if kind ~= 'hash' then return { 'wrong type', 1 } end

local day = tonumber(ARGV[1])
local page = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local fields = page[2]
local old = {}
for place = 1, #fields, 2 do
  local high, low = string.byte(fields[place + 1], 1, 2)
  if high and low and high * 256 + low < day then old[#old + 1] = fields[place] end
end
-- unpack fails for thousands of values.
for from = 1, #old, 500 do
  redis.call('HDEL', KEYS[1], unpack(old, from, math.min(from + 499, #old)))
end
return { 'removed', page[1], #old }
