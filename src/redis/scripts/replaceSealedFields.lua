--[[
Puts fields that were sealed anew in the place of the old ones, where these are still there. What stands before the sealed
part of a value (a series' hour, the hashes of its tags) stays as it is by now.

KEYS[1] hash   field -> something, sealed part

ARGV[1...] field, sealed part as it was, sealed part, ...

Returns how many were replaced
]]
local replaced = 0
for place = 1, #ARGV, 3 do
  local before = redis.call('HGET', KEYS[1], ARGV[place])
  local old = ARGV[place + 1]
  if before and #before >= #old and string.sub(before, -#old) == old then
    redis.call('HSET', KEYS[1], ARGV[place], string.sub(before, 1, #before - #old) .. ARGV[place + 2])
    replaced = replaced + 1
  end
end
return replaced
