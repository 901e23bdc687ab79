--[[
Takes tag sets of series from a metric, or puts others in their place. A sample that is stored afterwards writes its tags
anew. Safe to repeat.

KEYS[1] tags     hash   series id -> hour of its latest sample (4 bytes), sealed tags
KEYS[2] past     hash   the same of series that only rollups tell of
KEYS[3] counts   hash   changes -> of the series: raised, so that readers look again

ARGV[1...] series id, the id of the series in its place or '', its sealed tags or '', ...

Returns { 'replaced', tag sets taken } | { 'wrong type', key's place }
]]
for place = 1, 3 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= 'hash' then return { 'wrong type', place } end
end

local taken = 0
for place = 1, 2 do
  for at = 1, #ARGV, 3 do
    local known = redis.call('HGET', KEYS[place], ARGV[at])
    if known then
      -- What comes is there before what goes is gone: cut short, it is done again.
      if ARGV[at + 1] ~= '' then redis.call('HSET', KEYS[place], ARGV[at + 1], string.sub(known, 1, 4) .. ARGV[at + 2]) end
      redis.call('HDEL', KEYS[place], ARGV[at])
      taken = taken + 1
    end
  end
end
if taken > 0 then redis.call('HINCRBY', KEYS[3], 'changes', 1) end
return { 'replaced', taken }
