--[[
Puts chunks of an hour back as a backup holds them, with all that belongs to them. Safe to run twice: it writes the same again.

KEYS[1] chunks    hash   chunk id -> sealed chunk, or of a merged one its header and head; chunk id, block's number -> block
KEYS[2] time      zset   index entry by latest time
KEYS[3] dataKeys  hash   chunk id -> wrapped data key, '' if it lies apart
KEYS[4] counts    hash   what is counted of the hour
KEYS[5] absorbed  hash   ids of merged chunks

ARGV[1] values of counts      ARGV[2] values of absorbed      then each: field, value
then for each chunk: index entry, latest time, wrapped data key, how many fields, each of them: field, value

Returns { 'restored' } | { 'wrong type', key's place }
]]
local wanted = { 'hash', 'zset', 'hash', 'hash', 'hash' }
for place = 1, 5 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end

local at = 3
for place = 4, 5 do
  for _ = 1, tonumber(ARGV[place - 3]) do
    redis.call('HSET', KEYS[place], ARGV[at], ARGV[at + 1])
    at = at + 2
  end
end
while at <= #ARGV do
  local entry = ARGV[at]
  if ARGV[at + 2] ~= '' then redis.call('HSET', KEYS[3], string.sub(entry, 1, 16), ARGV[at + 2]) end
  local fields = tonumber(ARGV[at + 3])
  redis.call('HSET', KEYS[1], unpack(ARGV, at + 4, at + 3 + 2 * fields))
  redis.call('ZADD', KEYS[2], ARGV[at + 1], entry)
  at = at + 4 + 2 * fields
end
return { 'restored' }
