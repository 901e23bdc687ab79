--[[
Removes chunks whose latest time lies before a limit, oldest first, with everything that belongs to them. Safe to repeat,
and to run beside writers, merges and itself.

An index entry without its chunk was left by a write that failed half way: it goes too, and counts nothing, since the
hour's count was taken back then.

KEYS[1] chunks    hash   chunk id -> sealed chunk; of a merged one also chunk id, block's number (1 byte) -> sealed block
KEYS[2] time      zset   index entry (16 bytes chunk id, 3 earliest, 3 count, of a merged one 1 blocks) by latest time
KEYS[3] dataKeys  hash   chunk id -> wrapped data key
KEYS[4] counts    hash   <hour> -> count, s<hour> -> small chunks

ARGV[1] limit, ms: chunks that end before it are removed
ARGV[2] most fields of KEYS[1] to remove: the last chunk may exceed it

Returns { 'removed', 1 if there may be more, else 0, chunks, rows in them } | { 'wrong type', key's place }
]]
local HOUR_MS = 3600000

local wanted = { 'hash', 'zset', 'hash', 'hash' }
for place = 1, 4 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end

local most = tonumber(ARGV[2])
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[1], 'WITHSCORES', 'LIMIT', 0, most)

local chunks = 0
local rows = 0
local rowsOfHour = {}
local smallOfHour = {}
local fields = 0
local place = 1
while place <= #expired and fields < most do
  local entry = expired[place]
  local id = string.sub(entry, 1, 16)
  local high, middle, low, blocks = string.byte(entry, 20, 23)
  local doomed = { id }
  for block = 0, (blocks or 1) - 2 do doomed[#doomed + 1] = id .. string.char(block) end
  -- The chunk goes first: it is what writers look for, and what the count stands for.
  if redis.call('HDEL', KEYS[1], unpack(doomed)) > 0 then
    local count = high * 65536 + middle * 256 + low
    local hour = string.format('%.0f', math.floor(tonumber(expired[place + 1]) / HOUR_MS))
    rowsOfHour[hour] = (rowsOfHour[hour] or 0) + count
    if not blocks then smallOfHour[hour] = (smallOfHour[hour] or 0) + 1 end
    chunks = chunks + 1
    rows = rows + count
  end
  redis.call('HDEL', KEYS[3], id)
  redis.call('ZREM', KEYS[2], entry)
  fields = fields + #doomed
  place = place + 2
end

local function lower(field, by)
  local left = tonumber(redis.call('HGET', KEYS[4], field) or '0') - by
  if left > 0 then
    redis.call('HSET', KEYS[4], field, string.format('%.0f', left))
  else
    redis.call('HDEL', KEYS[4], field)
  end
end
for hour, count in pairs(rowsOfHour) do lower(hour, count) end
for hour, count in pairs(smallOfHour) do lower('s' .. hour, count) end
return { 'removed', (place <= #expired or #expired == 2 * most) and 1 or 0, chunks, rows }
