--[[
Forgets hours that are wholly expired: how many swaps there were in them, and which chunks were merged. A job with events
of them that comes again finds that they are expired.

KEYS[1] counts    hash   m<hour> -> swaps; of metrics r<hour> -> swaps when it was rolled up
KEYS[2] absorbed  hash   <hour> -> ids of merged chunks, or '*' when they are in <hour>.<first byte>

ARGV[1...] hours

Returns { 'removed', hours } | { 'wrong type', key's place }
]]
for place = 1, 2 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= 'hash' then return { 'wrong type', place } end
end

for place = 1, #ARGV do
  local hour = ARGV[place]
  if redis.call('HGET', KEYS[2], hour) == '*' then
    local spread = {}
    for first = 0, 255 do spread[#spread + 1] = hour .. '.' .. first end
    redis.call('HDEL', KEYS[2], unpack(spread))
  end
  redis.call('HDEL', KEYS[2], hour)
  -- Last: it is what leads here.
  redis.call('HDEL', KEYS[1], 'r' .. hour, 'm' .. hour)
end
return { 'removed', #ARGV }
