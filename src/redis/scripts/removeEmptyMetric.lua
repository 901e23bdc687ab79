--[[
Removes what is left of a metric that has neither samples nor rollups: the tags of its series, and counts and data keys
that a failed write may have left.

KEYS[1] chunks  hash    KEYS[3] dataKeys  hash    KEYS[5] tags  hash    KEYS[7]    absorbed  hash
KEYS[2] time    zset    KEYS[4] counts    hash    KEYS[6] past  hash    KEYS[8...] tiers     hashes

Returns { 'removed', tag sets removed } | { 'in use' } | { 'wrong type', key's place }
]]
for place = 1, #KEYS do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= (place == 2 and 'zset' or 'hash') then return { 'wrong type', place } end
end
if redis.call('EXISTS', KEYS[1], KEYS[2], unpack(KEYS, 8)) > 0 then return { 'in use' } end

local tagSets = redis.call('HLEN', KEYS[5]) + redis.call('HLEN', KEYS[6])
-- UNLINK frees in a thread of its own: a metric may have had a million series.
redis.call('UNLINK', KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
return { 'removed', tagSets }
