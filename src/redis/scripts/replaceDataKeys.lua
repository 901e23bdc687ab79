--[[
Puts data keys that were wrapped anew in the place of the old ones, where these are still there.

KEYS[1] dataKeys hash   chunk id -> wrapped data key; apart from the data also when it was put there (4 bytes), which stays

ARGV[1...] chunk id, wrapped key as it was, wrapped key, ...

Returns how many were replaced
]]
local replaced = 0
for place = 1, #ARGV, 3 do
  local before = redis.call('HGET', KEYS[1], ARGV[place])
  local old = ARGV[place + 1]
  if before and string.sub(before, 1, #old) == old then
    redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 2] .. string.sub(before, #old + 1))
    replaced = replaced + 1
  end
end
return replaced
