--[[
Stores one chunk of events with everything that belongs to it. Safe to repeat: a chunk that is stored is left alone.

Redis does not roll a script back, so it decides before it writes, and writes in an order that a repeat can finish:
seen marks come first, and a repeat knows its own; a feed entry counts only if its id is the offset that the stored chunk
names; offset, epoch and hour count change in one HSET; the chunk itself, which is the guard, comes last. If it or what
comes shortly before it fails, these are taken back: a repeat may have fewer events, since some expired or were stored by
another job meanwhile, and then its index entry is another.

KEYS[1] chunks    hash    chunk id -> last offset (8 bytes), sealed chunk
KEYS[2] time      zset    index entry by latest time
KEYS[3] dataKeys  hash    chunk id -> wrapped data key
KEYS[4] counts    hash    offset, epoch, <hour> -> count, s<hour> -> small chunks
KEYS[5] feed      stream  {last offset}-0 -> what was stored
KEYS[6] absorbed  hash    <hour> -> ids of chunks that were merged: see swapChunks.lua
KEYS[7] users     HLL     the different users of the type on the chunk's UTC day
KEYS[8...]        hashes  the buckets of seen ids, one for each mark: field (8 bytes) -> day (2 bytes), owner (4 of a chunk id)

ARGV[1] chunk id (16 bytes)      ARGV[6]  latest time, ms
ARGV[2] sealed chunk             ARGV[7]  earliest time, ms
ARGV[3] wrapped data key         ARGV[8]  UTC hour
ARGV[4] index entry              ARGV[9]  stored at, ms
ARGV[5] count                    ARGV[10] user fingerprints, 4 bytes each
ARGV[11] epoch to use if there is none, or if the feed was lost
ARGV[12] value of the marks that this chunk writes
ARGV[13] the chunk's different users, 8 bytes each: at most 4,096, since unpack of 8,000 fails
ARGV[14] when KEYS[7] expires, ms; '' for never
ARGV[15...] one for each of KEYS[8...]: 'c' (has to be free), 'w' (is written), 'b' (both) or 'o' (has to be free, unless the
            mark before it is this chunk's own), then the field

Returns { 'stored', last offset } | { 'known' } | { 'seen', place of each mark that is taken, from 1 } | { 'wrong type', key's place }
]]
local marks = #KEYS - 7

local wanted = { 'hash', 'zset', 'hash', 'hash', 'stream' }
local feedType
for place = 1, 5 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
  if place == 5 then feedType = kind end
end

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return { 'known' } end
-- Stored and merged since. Every eighth byte is where an id begins.
local short = string.sub(ARGV[1], 1, 8)
local merged = redis.pcall('HMGET', KEYS[6], ARGV[8], ARGV[8] .. '.' .. string.byte(short))
if merged.err then
  if string.find(merged.err, '^WRONGTYPE') then return { 'wrong type', 6 } end
  return redis.error_reply(merged.err)
end
local ids = merged[1] == '*' and merged[2] or merged[1]
if ids then
  local at = string.find(ids, short, 1, true)
  while at and at % 8 ~= 1 do at = string.find(ids, short, at + 1, true) end
  if at then return { 'known' } end
end

local owner = string.sub(ARGV[12], 3)
local taken = {}
local wasOwn = false
for mark = 1, marks do
  local kind = redis.call('TYPE', KEYS[7 + mark]).ok
  if kind ~= 'none' and kind ~= 'hash' then return { 'wrong type', 7 + mark } end
  local mode = string.sub(ARGV[14 + mark], 1, 1)
  local isOwn = false
  if kind == 'hash' and mode ~= 'w' and not (mode == 'o' and wasOwn) then
    local value = redis.call('HGET', KEYS[7 + mark], string.sub(ARGV[14 + mark], 2))
    if value then
      -- A mark of this very chunk was left by a run that failed after writing it: it is no duplicate. An event that was
      -- claimed so is nobody else's either: its batch, if it came in between, left it to this one.
      isOwn = string.sub(value, 3) == owner
      if not isOwn then taken[#taken + 1] = mark end
    end
  end
  wasOwn = isOwn
end
if #taken > 0 then
  table.insert(taken, 1, 'seen')
  return taken
end

local smallField = 's' .. ARGV[8]
local known = redis.call('HMGET', KEYS[4], 'offset', 'epoch', ARGV[8], smallField)
local before = tonumber(known[1] or '0')
local epoch = known[2]
local top = before
if feedType == 'stream' then
  local info = redis.call('XINFO', 'STREAM', KEYS[5])
  for place = 1, #info, 2 do
    if info[place] == 'last-generated-id' then
      top = math.max(top, tonumber(string.match(info[place + 1], '^(%d+)')))
    end
  end
end
-- A feed that is gone, or that is ahead of the counter, is not the one that readers hold a position in.
if not epoch or (before > 0 and feedType == 'none') then epoch = ARGV[11] end
local count = tonumber(ARGV[5])
local offset = string.format('%.0f', top + count)
local hourBefore = tonumber(known[3] or '0')
local smallBefore = tonumber(known[4] or '0')

-- A set that only grows: whoever is added by a run that fails further down is added again by its repeat. First of the
-- writes, since only PFADD itself tells whether a string is a HyperLogLog.
if #ARGV[13] > 0 then
  local users = {}
  for at = 1, #ARGV[13], 8 do users[#users + 1] = string.sub(ARGV[13], at, at + 7) end
  local added = redis.pcall('PFADD', KEYS[7], unpack(users))
  if type(added) == 'table' and added.err then
    if string.find(added.err, '^WRONGTYPE') then return { 'wrong type', 7 } end
    return redis.error_reply(added.err)
  end
  if ARGV[14] ~= '' then redis.call('PEXPIREAT', KEYS[7], ARGV[14]) end
end
for mark = 1, marks do
  local mode = string.sub(ARGV[14 + mark], 1, 1)
  if mode == 'w' or mode == 'b' then
    redis.call('HSET', KEYS[7 + mark], string.sub(ARGV[14 + mark], 2), ARGV[12])
  end
end
redis.call('XADD', KEYS[5], offset .. '-0', 'c', ARGV[1], 'n', ARGV[5], 'at', ARGV[9], 'h', ARGV[8], 'e', ARGV[7],
  'l', ARGV[6], 'u', ARGV[10])
redis.call('HSET', KEYS[4], 'offset', offset, 'epoch', epoch, ARGV[8], string.format('%.0f', hourBefore + count),
  smallField, string.format('%.0f', smallBefore + 1))
local last = {
  { 'HSET', KEYS[3], ARGV[1], ARGV[3] },
  { 'ZADD', KEYS[2], ARGV[6], ARGV[4] },
  { 'HSET', KEYS[1], ARGV[1], struct.pack('>d', top + count) .. ARGV[2] },
}
for place = 1, #last do
  local written = redis.pcall(unpack(last[place]))
  if type(written) == 'table' and written.err then
    redis.pcall('HDEL', KEYS[3], ARGV[1])
    redis.pcall('ZREM', KEYS[2], ARGV[4])
    redis.call('HSET', KEYS[4], 'offset', string.format('%.0f', before), ARGV[8], string.format('%.0f', hourBefore),
      smallField, string.format('%.0f', smallBefore))
    return redis.error_reply(written.err)
  end
end
return { 'stored', offset }
