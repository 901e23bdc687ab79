--[[
Takes from a part of a metric's tag sets those of series whose latest sample lies before an hour. While rollups tell of the
metric they are kept elsewhere, where they do not count as its series. A sample that is stored meanwhile writes its tags
anew, in its own script.

KEYS[1] tags     hash   series id -> hour of its latest sample (4 bytes), sealed tags
KEYS[2] counts   hash   changes -> of the series: raised, so that readers look again
KEYS[3] past     hash   as KEYS[1]: where they are kept; absent where they are not

ARGV[1] hour: series that end before it are taken
ARGV[2] cursor of HSCAN, '0' to begin
ARGV[3] fields to look at, about

Returns { 'removed', next cursor ('0' at the end), tag sets taken } | { 'wrong type', key's place }
]]
for place = 1, #KEYS do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= 'hash' then return { 'wrong type', place } end
end
if redis.call('EXISTS', KEYS[1]) == 0 then return { 'removed', '0', 0 } end

local hour = tonumber(ARGV[1])
local page = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local fields = page[2]
local old = {}
for place = 1, #fields, 2 do
  if #fields[place + 1] >= 4 and struct.unpack('>I4', fields[place + 1]) < hour then
    if KEYS[3] then redis.call('HSET', KEYS[3], fields[place], fields[place + 1]) end
    old[#old + 1] = fields[place]
  end
end
if #old > 0 then redis.call('HINCRBY', KEYS[2], 'changes', 1) end
-- unpack fails for thousands of values.
for from = 1, #old, 500 do
  redis.call('HDEL', KEYS[1], unpack(old, from, math.min(from + 499, #old)))
end
return { 'removed', page[1], #old }
