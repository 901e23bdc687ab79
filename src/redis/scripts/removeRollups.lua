--[[
Removes the rollups of some periods.

KEYS[1] tier      hash   number of a period -> chunk id (16 bytes); chunk id -> sealed rollup
KEYS[2] dataKeys  hash   chunk id -> wrapped data key

ARGV[1...] periods

Returns { 'removed', rollups, their ids } | { 'wrong type', key's place }
]]
for place = 1, 2 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= 'hash' then return { 'wrong type', place } end
end

local removed = {}
for place = 1, #ARGV do
  local id = redis.call('HGET', KEYS[1], ARGV[place])
  if id then
    redis.call('HDEL', KEYS[2], id)
    redis.call('HDEL', KEYS[1], id, ARGV[place])
    removed[#removed + 1] = id
  end
end
return { 'removed', #removed, removed }
