--[[
Removes from a part of a metric's tag sets those of series whose latest sample lies before an hour. A sample that is stored
meanwhile writes its tags anew, in its own script.

KEYS[1] tags   hash   series id -> hour of its latest sample (4 bytes), sealed tags

ARGV[1] hour: series that end before it are removed
ARGV[2] cursor of HSCAN, '0' to begin
ARGV[3] fields to look at, about

Returns { 'removed', next cursor ('0' at the end), tag sets removed } | { 'wrong type', 1 }
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { 'removed', '0', 0 } end
if kind ~= 'hash' then return { 'wrong type', 1 } end

local hour = tonumber(ARGV[1])
local page = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local fields = page[2]
local old = {}
for place = 1, #fields, 2 do
  if #fields[place + 1] >= 4 and struct.unpack('>I4', fields[place + 1]) < hour then old[#old + 1] = fields[place] end
end
-- unpack fails for thousands of values.
for from = 1, #old, 500 do
  redis.call('HDEL', KEYS[1], unpack(old, from, math.min(from + 499, #old)))
end
return { 'removed', page[1], #old }
