--[[
Keeps wrapped data keys of chunks that are about to be stored, in a Redis apart from the data. One that is there already
stays: its chunk may be stored, and is sealed under it. Its time is renewed, so that no sweep takes it meanwhile.

KEYS[1] dataKeys hash   chunk id -> wrapped data key, when it was put here (4 bytes, s since 1970)

ARGV[1...] chunk id, wrapped data key, ...

Returns for each the key that was there, or ''
]]
local now = struct.pack('>I4', tonumber(redis.call('TIME')[1]))
local known = {}
for place = 1, #ARGV, 2 do
  local before = redis.call('HGET', KEYS[1], ARGV[place])
  local key = before and string.sub(before, 1, -5) or ARGV[place + 1]
  redis.call('HSET', KEYS[1], ARGV[place], key .. now)
  known[#known + 1] = before and key or ''
end
return known
