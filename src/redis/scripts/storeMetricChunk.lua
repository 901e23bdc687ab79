--[[
Stores one chunk of samples of one metric and UTC hour, with the tags of its series. Safe to repeat; see
storeEventChunk.lua for the order of the writes.

KEYS[1] chunks    hash   chunk id -> sealed chunk
KEYS[2] time      zset   index entry by latest time
KEYS[3] dataKeys  hash   chunk id -> wrapped data key
KEYS[4] counts    hash   <hour> -> samples
KEYS[5] tags      hash   series id -> hour of its latest sample (4 bytes), sealed tags

ARGV[1] chunk id (16 bytes)   ARGV[4] index entry   ARGV[7] UTC hour
ARGV[2] sealed chunk          ARGV[5] count         ARGV[8...] series id, sealed tags, ...
ARGV[3] wrapped data key      ARGV[6] latest time, ms

Returns { 'stored', 1 if the metric had no chunk before, else 0 } | { 'known' } | { 'wrong type', key's place }
]]
local wanted = { 'hash', 'zset', 'hash', 'hash', 'hash' }
for place = 1, 5 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return { 'known' } end

local first = redis.call('EXISTS', KEYS[1]) == 0 and 1 or 0
local hour = tonumber(ARGV[7])
local hourBefore = tonumber(redis.call('HGET', KEYS[4], ARGV[7]) or '0')

-- The hour tells clean-up which series have no samples left: opening every chunk to see would cost too much.
for place = 8, #ARGV, 2 do
  local stored = redis.call('HGET', KEYS[5], ARGV[place])
  if not stored or struct.unpack('>I4', stored) < hour then
    redis.call('HSET', KEYS[5], ARGV[place], struct.pack('>I4', hour) .. ARGV[place + 1])
  end
end
redis.call('HSET', KEYS[4], ARGV[7], string.format('%.0f', hourBefore + tonumber(ARGV[5])))
local last = {
  { 'HSET', KEYS[3], ARGV[1], ARGV[3] },
  { 'ZADD', KEYS[2], ARGV[6], ARGV[4] },
  { 'HSET', KEYS[1], ARGV[1], ARGV[2] },
}
for place = 1, #last do
  local written = redis.pcall(unpack(last[place]))
  if type(written) == 'table' and written.err then
    redis.pcall('HDEL', KEYS[3], ARGV[1])
    redis.pcall('ZREM', KEYS[2], ARGV[4])
    redis.call('HSET', KEYS[4], ARGV[7], string.format('%.0f', hourBefore))
    return redis.error_reply(written.err)
  end
end
return { 'stored', first }
