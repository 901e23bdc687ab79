--[[
Removes what is left of a metric that has no samples: the tags of its series, and counts and data keys that a failed write
may have left.

KEYS[1] chunks  hash    KEYS[3] dataKeys  hash    KEYS[5] tags  hash
KEYS[2] time    zset    KEYS[4] counts    hash

Returns { 'removed', tag sets removed } | { 'in use' } | { 'wrong type', key's place }
]]
local wanted = { 'hash', 'zset', 'hash', 'hash', 'hash' }
for place = 1, 5 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return { 'in use' } end

local tagSets = redis.call('HLEN', KEYS[5])
-- UNLINK frees in a thread of its own: a metric may have had a million series.
redis.call('UNLINK', KEYS[3], KEYS[4], KEYS[5])
return { 'removed', tagSets }
