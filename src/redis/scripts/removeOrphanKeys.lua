--[[
Removes data keys whose chunks are not there, unless they were put here lately: a chunk is stored after its key.

KEYS[1] dataKeys hash   chunk id -> wrapped data key, when it was put here (4 bytes, s since 1970)

ARGV[1] least age, s   ARGV[2...] chunk ids

Returns how many were removed
]]
local latest = tonumber(redis.call('TIME')[1]) - tonumber(ARGV[1])
local removed = 0
for place = 2, #ARGV do
  local stored = redis.call('HGET', KEYS[1], ARGV[place])
  if stored and struct.unpack('>I4', string.sub(stored, -4)) <= latest then
    removed = removed + redis.call('HDEL', KEYS[1], ARGV[place])
  end
end
return removed
