--[[
Removes chunks whose latest time lies before a limit, oldest first, with everything that belongs to them. Safe to repeat,
and to run beside writers and itself.

An index entry without its chunk was left by a write that failed half way: it goes too, and counts nothing, since the
hour's count was taken back then.

KEYS[1] chunks    hash   chunk id -> sealed chunk
KEYS[2] time      zset   index entry (16 bytes chunk id, 3 earliest, 3 count) by latest time
KEYS[3] dataKeys  hash   chunk id -> wrapped data key
KEYS[4] counts    hash   <hour> -> count

ARGV[1] limit, ms: chunks that end before it are removed
ARGV[2] most entries to remove

Returns { 'removed', entries, chunks, rows in them } | { 'wrong type', key's place }
]]
local HOUR_MS = 3600000

local wanted = { 'hash', 'zset', 'hash', 'hash' }
for place = 1, 4 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end

local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
if #expired == 0 then return { 'removed', 0, 0, 0 } end

local chunks = 0
local rows = 0
local rowsOfHour = {}
for place = 1, #expired, 2 do
  local entry = expired[place]
  local id = string.sub(entry, 1, 16)
  -- The chunk goes first: it is what writers look for, and what the count stands for.
  if redis.call('HDEL', KEYS[1], id) == 1 then
    local high, middle, low = string.byte(entry, 20, 22)
    local count = high * 65536 + middle * 256 + low
    local hour = string.format('%.0f', math.floor(tonumber(expired[place + 1]) / HOUR_MS))
    rowsOfHour[hour] = (rowsOfHour[hour] or 0) + count
    chunks = chunks + 1
    rows = rows + count
  end
  redis.call('HDEL', KEYS[3], id)
  redis.call('ZREM', KEYS[2], entry)
end
for hour, count in pairs(rowsOfHour) do
  local left = tonumber(redis.call('HGET', KEYS[4], hour) or '0') - count
  if left > 0 then
    redis.call('HSET', KEYS[4], hour, string.format('%.0f', left))
  else
    redis.call('HDEL', KEYS[4], hour)
  end
end
return { 'removed', #expired / 2, chunks, rows }
