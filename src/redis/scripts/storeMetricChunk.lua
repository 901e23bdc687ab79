--[[
Stores one chunk of samples of one metric and UTC hour, with the tags of its series. Safe to repeat; see
storeEventChunk.lua for the order of the writes.

A metric has a bounded number of series, and this is where they are counted: a chunk with a new series that finds no room
is sent back, and comes again without it and with the number of samples that were left out. A chunk of which nothing is
left is remembered only as long as a job may be repeated at once, so that its samples are counted once.

KEYS[1] chunks    hash   chunk id -> sealed chunk
KEYS[2] time      zset   index entry by latest time
KEYS[3] dataKeys  hash   chunk id -> wrapped data key
KEYS[4] counts    hash   <hour> -> samples, s<hour> -> small chunks, overflow -> samples left out, changes -> of the series,
                         erased -> generation of the latest erasure, see storeEventChunk.lua
KEYS[5] tags      hash   series id -> hour of its latest sample (4 bytes), sealed tags
KEYS[6] absorbed  hash   <hour> -> ids of chunks that were merged: see swapChunks.lua
KEYS[7] retired   zset   index entry of a chunk that is off the index, by when

ARGV[1] chunk id (16 bytes)   ARGV[5] count, 0 if nothing is left   ARGV[9]  samples left out of it
ARGV[2] sealed chunk          ARGV[6] latest time, ms               ARGV[10] now, ms
ARGV[3] wrapped data key      ARGV[7] UTC hour                      ARGV[11] generation of the latest erasure known of
ARGV[4] index entry           ARGV[8] most series                   ARGV[12] '1' if it was asked for after the metric was listed
                                                                    ARGV[13...] series id, sealed tags or '' if they were
                                                                                stored before, ...

A wrapped data key is '' where keys lie apart from the data: then none is written.

Returns { 'stored', 1 if the metric had no chunk before, else 0 } | { 'known' } | { 'wrong type', key's place }
  | { 'erased' } when somebody was erased since, or that may be: a metric that clean-up removed, or that is new, tells of no
    erasure, and whoever begins one has to have asked
  | { 'full', places of series that find no room, from 1 } | { 'untold', places of series whose tags have to come along }
]]
-- unpack fails for thousands of values.
local AT_ONCE = 500

local wanted = { 'hash', 'zset', 'hash', 'hash', 'hash', 'hash', 'zset' }
for place = 1, 7 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return { 'known' } end
-- Stored and merged since. Every eighth byte is where an id begins.
local short = string.sub(ARGV[1], 1, 8)
local merged = redis.call('HMGET', KEYS[6], ARGV[7], ARGV[7] .. '.' .. string.byte(short))
local ids = merged[1] == '*' and merged[2] or merged[1]
if ids then
  local at = string.find(ids, short, 1, true)
  while at and at % 8 ~= 1 do at = string.find(ids, short, at + 1, true) end
  if at then return { 'known' } end
end

local fence = redis.call('HGET', KEYS[4], 'erased')
if fence and tonumber(fence) > tonumber(ARGV[11]) or not fence and ARGV[12] ~= '1' then return { 'erased' } end

local hour = tonumber(ARGV[7])
local packedHour = struct.pack('>I4', hour)
local series = (#ARGV - 12) / 2
local room = tonumber(ARGV[8]) - redis.call('HLEN', KEYS[5])
local new = 0
local full = { 'full' }
local untold = { 'untold' }
local told = {}
for from = 1, series, AT_ONCE do
  local to = math.min(from + AT_ONCE - 1, series)
  local fields = {}
  for place = from, to do fields[#fields + 1] = ARGV[11 + 2 * place] end
  local stored = redis.call('HMGET', KEYS[5], unpack(fields))
  for place = from, to do
    local known = stored[place - from + 1]
    local tags = ARGV[12 + 2 * place]
    if known then
      -- The hour tells clean-up which series have no samples left: opening every chunk to see would cost too much.
      if struct.unpack('>I4', known) < hour then told[#told + 1] = { ARGV[11 + 2 * place], packedHour .. string.sub(known, 5) } end
    elseif new >= room then
      full[#full + 1] = place
    elseif tags == '' then
      untold[#untold + 1] = place
      new = new + 1
    else
      told[#told + 1] = { ARGV[11 + 2 * place], packedHour .. tags }
      new = new + 1
    end
  end
end
if #full > 1 then return full end
if #untold > 1 then return untold end

local first = redis.call('EXISTS', KEYS[1]) == 0 and 1 or 0
local smallField = 's' .. ARGV[7]
local before = redis.call('HMGET', KEYS[4], ARGV[7], smallField, 'overflow', 'changes')
for place = 1, 4 do before[place] = tonumber(before[place] or '0') end
local count = tonumber(ARGV[5])
local leftOut = tonumber(ARGV[9])
local function countAs(samples, chunks, overflow, changes)
  local fields = { 'HSET', KEYS[4] }
  local function set(field, value)
    fields[#fields + 1] = field
    fields[#fields + 1] = string.format('%.0f', value)
  end
  if count > 0 then
    set(ARGV[7], samples)
    set(smallField, chunks)
  end
  if leftOut > 0 then set('overflow', overflow) end
  if new > 0 then set('changes', changes) end
  if not fence then set('erased', tonumber(ARGV[11])) end
  if #fields > 2 then redis.call(unpack(fields)) end
end

for place = 1, #told do redis.call('HSET', KEYS[5], told[place][1], told[place][2]) end
countAs(before[1] + count, before[2] + 1, before[3] + leftOut, before[4] + new)
local last = {
  { 'ZADD', KEYS[2], ARGV[6], ARGV[4] },
  { 'HSET', KEYS[1], ARGV[1], ARGV[2] },
}
if ARGV[3] ~= '' then table.insert(last, 1, { 'HSET', KEYS[3], ARGV[1], ARGV[3] }) end
if count == 0 then last = { { 'ZADD', KEYS[7], ARGV[10], ARGV[4] }, { 'HSET', KEYS[1], ARGV[1], '' } } end
for place = 1, #last do
  local written = redis.pcall(unpack(last[place]))
  if type(written) == 'table' and written.err then
    redis.pcall('HDEL', KEYS[3], ARGV[1])
    redis.pcall('ZREM', KEYS[2], ARGV[4])
    -- The tags of its series stay, and so does what tells readers of them.
    countAs(before[1], before[2], before[3], before[4] + new)
    return redis.error_reply(written.err)
  end
end
return { 'stored', first }
