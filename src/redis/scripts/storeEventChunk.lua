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
KEYS[4] counts    hash    offset, epoch, <hour> -> count, s<hour> -> small chunks, erased -> generation of the latest erasure
KEYS[5] feed      stream  {last offset}-0 -> what was stored
KEYS[6] absorbed  hash    <hour> -> ids of chunks that were merged: see swapChunks.lua
KEYS[7] users     HLL     the different users of the type on the chunk's UTC day
KEYS[8] seen      hash    ids that callers gave: bucket -> records of hash (8 bytes), day (2), owner (4 of a chunk id); 'n' -> buckets
KEYS[9] batches   hash    the same of batches, whose records have no owner

ARGV[1] chunk id (16 bytes)      ARGV[6]  latest time, ms
ARGV[2] sealed chunk             ARGV[7]  earliest time, ms
ARGV[3] wrapped data key         ARGV[8]  UTC hour
ARGV[4] index entry              ARGV[9]  stored at, ms
ARGV[5] count; 0: only its marks are written, of events that are not stored since their user was erased
                                 ARGV[10] user fingerprints, 4 bytes each
ARGV[11] epoch to use if there is none, or if the feed was lost
ARGV[12] day of storing (2 bytes), owner (4): what follows the hash in the records that this chunk writes
ARGV[13] the chunk's different users, 8 bytes each: at most 4,096, since unpack of 8,000 fails
ARGV[14] when KEYS[7] expires, ms; '' for never
ARGV[15] the marks, 9 bytes each: a letter, then the hash. Of an id: 'c' (has to be free), 'w' (is written) or 'b' (both).
         Of a batch: 'C', 'W' (is written) or 'O' (has to be free, unless the mark before it is this chunk's own)
ARGV[16] generation of the latest erasure that the writer knows of: it left out what that erased
ARGV[17] '1' if ARGV[13] lacks users that KEYS[7] counts already

The records of a key are spread over buckets by linear hashing: of n buckets, the one of a hash is its first 4 bytes modulo
the least power of two that is not below n, or if there is no such bucket yet, modulo half of it. When a bucket is full
the next one in turn is split in two: that is one HSET of both and of n, so a mark is never missing, and no job has to see
to it. A hash of long strings takes 17 bytes an id at any number of ids; one of small hashes takes 18, and 100 once there
are more than 128 in each. Short buckets, since Redis writes the whole of one to its append-only file for each mark.

A wrapped data key is '' where keys lie apart from the data: then none is written.

Returns { 'stored', last offset } | { 'known' } | { 'seen', place of each mark that is taken, from 1 } | { 'marked' } |
        { 'erased' } when somebody was erased whom the writer does not know of | { 'wrong type', key's place } |
        { 'uncounted' } when users were left out of ARGV[13] and KEYS[7], which counted them, is gone
]]
-- Records of a full bucket.
local FULL = 32
-- unpack fails for thousands of values.
local AT_ONCE = 500

-- What each key holds is found by what has to be asked of it anyway, or by its length: TYPE takes twice as long, since each of its
-- answers is a table.
local smallField = 's' .. ARGV[8]
local asked = {
  redis.pcall('HEXISTS', KEYS[1], ARGV[1]),
  redis.pcall('ZCARD', KEYS[2]),
  redis.pcall('HLEN', KEYS[3]),
  redis.pcall('HMGET', KEYS[4], 'offset', 'epoch', ARGV[8], smallField, 'erased'),
  redis.pcall('XLEN', KEYS[5]),
}
for place = 1, 5 do
  local problem = type(asked[place]) == 'table' and asked[place].err
  if problem then
    if string.find(problem, '^WRONGTYPE') then return { 'wrong type', place } end
    return redis.error_reply(problem)
  end
end
if asked[1] == 1 then return { 'known' } end
local known = asked[4]
if ARGV[17] == '1' and redis.call('EXISTS', KEYS[7]) == 0 then return { 'uncounted' } end
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

-- One key of records: what is known of it, and the buckets that were read.
local function open(place, width)
  local buckets = redis.pcall('HGET', KEYS[place], 'n')
  if type(buckets) == 'table' then return nil, buckets.err end
  buckets = tonumber(buckets or '1')
  local size = 1
  while size < buckets do size = size * 2 end
  return { key = KEYS[place], width = width, buckets = buckets, size = size, texts = {} }
end
local function bucketOf(records, hash)
  local first, second, third, fourth = string.byte(hash, 1, 4)
  local bucket = (((first * 256 + second) * 256 + third) * 256 + fourth) % records.size
  return bucket < records.buckets and bucket or bucket - records.size / 2
end
local function read(records, buckets)
  for from = 1, #buckets, AT_ONCE do
    local to = math.min(from + AT_ONCE - 1, #buckets)
    local page = redis.call('HMGET', records.key, unpack(buckets, from, to))
    for place = from, to do records.texts[buckets[place]] = page[place - from + 1] or '' end
  end
end
local function split(records)
  if records.buckets == records.size then records.size = records.size * 2 end
  local to = records.buckets
  local from = to - records.size / 2
  if not records.texts[from] then read(records, { from }) end
  local text, width, size = records.texts[from], records.width, records.size
  local stay, go = {}, {}
  for at = 1, #text, width do
    local first, second, third, fourth = string.byte(text, at, at + 3)
    local list = (((first * 256 + second) * 256 + third) * 256 + fourth) % size == to and go or stay
    list[#list + 1] = string.sub(text, at, at + width - 1)
  end
  stay, go = table.concat(stay), table.concat(go)
  redis.call('HSET', records.key, from, stay, to, go, 'n', to + 1)
  records.texts[from], records.texts[to], records.buckets = stay, go, to + 1
end
local function add(records, hashes, value)
  -- Thousands of ids into a few buckets: these are cheaper to split before.
  while records.buckets * FULL < #hashes do split(records) end
  local texts = records.texts
  local lists, touched, isAdded = {}, {}, {}
  for _, hash in ipairs(hashes) do
    if not isAdded[hash] then
      isAdded[hash] = true
      local bucket = bucketOf(records, hash)
      local list = lists[bucket]
      if list then
        list[#list + 1] = hash .. value
      else
        lists[bucket] = { texts[bucket], hash .. value }
        touched[#touched + 1] = bucket
      end
    end
  end
  local splits = 0
  local full = FULL * records.width
  for from = 1, #touched, AT_ONCE do
    local fields = {}
    for place = from, math.min(from + AT_ONCE - 1, #touched) do
      local bucket = touched[place]
      local text = table.concat(lists[bucket])
      texts[bucket] = text
      fields[#fields + 1] = bucket
      fields[#fields + 1] = text
      if #text > full then splits = splits + 1 end
    end
    redis.call('HSET', records.key, unpack(fields))
  end
  for _ = 1, splits do split(records) end
end

-- Of ids and of batches: the key's place and the records that are known of it. Most chunks hold no id of a caller's, and
-- leave that key alone.
local stores = {}
local hashes = ARGV[15]
local letters, buckets = {}, {}
for at = 1, #hashes, 9 do
  local letter = string.byte(hashes, at)
  local place = letter > 96 and 8 or 9 -- lower case
  local records = stores[place]
  if not records then
    local problem
    records, problem = open(place, place == 8 and 14 or 10)
    if not records then
      if string.find(problem, '^WRONGTYPE') then return { 'wrong type', place } end
      return redis.error_reply(problem)
    end
    records.asked = {}
    stores[place] = records
  end
  local bucket = bucketOf(records, string.sub(hashes, at + 1, at + 4))
  letters[#letters + 1] = letter
  buckets[#buckets + 1] = bucket
  if not records.texts[bucket] then
    records.texts[bucket] = ''
    records.asked[#records.asked + 1] = bucket
  end
end
for _, records in pairs(stores) do read(records, records.asked) end

local owner = string.sub(ARGV[12], 3)
local taken = {}
local wasOwn = false
local fresh = { [8] = {}, [9] = {} }
local BOTH, WRITE, WRITE_BATCH, ORIGIN = string.byte('bwWO', 1, 4)
for mark, letter in ipairs(letters) do
  local place = letter > 96 and 8 or 9
  local text, width = stores[place].texts[buckets[mark]], stores[place].width
  local hash = string.sub(hashes, 9 * mark - 7, 9 * mark)
  local at = string.find(text, hash, 1, true)
  while at and at % width ~= 1 do at = string.find(text, hash, at + 1, true) end
  -- A mark of this very chunk was left by a run that failed after writing it: it is no duplicate. An event that was
  -- claimed so is nobody else's either: its batch, if it came in between, left it to this one.
  local isOwn = at and place == 8 and string.sub(text, at + 10, at + 13) == owner
  if at then
    if letter ~= WRITE and letter ~= WRITE_BATCH and not isOwn and not (letter == ORIGIN and wasOwn) then taken[#taken + 1] = mark end
  elseif letter == BOTH or letter == WRITE or letter == WRITE_BATCH then
    fresh[place][#fresh[place] + 1] = hash
  end
  wasOwn = isOwn
end
if #taken > 0 then
  table.insert(taken, 1, 'seen')
  return taken
end

-- Before any write, and after the last look at what was stored: the processor leaves out who was erased, and comes again.
if known[5] and tonumber(known[5]) > tonumber(ARGV[16]) then return { 'erased' } end
local before = tonumber(known[1] or '0')
local epoch = known[2]
local top = before
local length = asked[5]
local hasFeed = length > 0 or redis.call('EXISTS', KEYS[5]) == 1
-- The feed may be ahead: the counter was lost, or an earlier run failed between the two. That is looked for first, since XINFO takes
-- 10 µs, and what is ahead may have been trimmed.
if hasFeed and (length == 0 or #redis.call('XRANGE', KEYS[5], string.format('(%.0f-0', before), '+', 'COUNT', 1) > 0) then
  local info = redis.call('XINFO', 'STREAM', KEYS[5])
  for place = 1, #info, 2 do
    if info[place] == 'last-generated-id' then
      top = math.max(top, tonumber(string.match(info[place + 1], '^(%d+)')))
    end
  end
end
-- A feed that is gone, or that is ahead of the counter, is not the one that readers hold a position in.
if not epoch or (before > 0 and not hasFeed) then epoch = ARGV[11] end
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
-- Batches first: see planMarks.
for _, place in ipairs({ 9, 8 }) do
  if #fresh[place] > 0 then add(stores[place], fresh[place], place == 8 and ARGV[12] or string.sub(ARGV[12], 1, 2)) end
end
if count == 0 then return { 'marked' } end
redis.call('XADD', KEYS[5], offset .. '-0', 'c', ARGV[1], 'n', ARGV[5], 'at', ARGV[9], 'h', ARGV[8], 'e', ARGV[7],
  'l', ARGV[6], 'u', ARGV[10])
redis.call('HSET', KEYS[4], 'offset', offset, 'epoch', epoch, ARGV[8], string.format('%.0f', hourBefore + count),
  smallField, string.format('%.0f', smallBefore + 1))
local last = {
  { 'ZADD', KEYS[2], ARGV[6], ARGV[4] },
  { 'HSET', KEYS[1], ARGV[1], struct.pack('>d', top + count) .. ARGV[2] },
}
if ARGV[3] ~= '' then table.insert(last, 1, { 'HSET', KEYS[3], ARGV[1], ARGV[3] }) end
for place = 1, #last do
  local written = redis.pcall(unpack(last[place]))
  if type(written) == 'table' and written.err then
    redis.pcall('HDEL', KEYS[3], ARGV[1])
    redis.pcall('ZREM', KEYS[2], ARGV[4])
    redis.call('HSET', KEYS[4], 'offset', string.format('%.0f', before), ARGV[8], string.format('%.0f', hourBefore),
      smallField, string.format('%.0f', smallBefore))
    -- Only numbers that say nothing, and that no clean-up would find.
    if hourBefore == 0 then redis.pcall('HDEL', KEYS[4], ARGV[8], smallField) end
    return redis.error_reply(written.err)
  end
end
return { 'stored', offset }
