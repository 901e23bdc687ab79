--[[
Puts merged chunks in the place of others of the same series and hour that hold the same events or samples, or the same but
for those of somebody who is erased. Does nothing unless all of these are still there, so of two merges of the same chunks
one is done, and so of a merge and an erasure. The replaced chunks stay readable, off the index,
until removeRetiredChunks.lua takes them: a query may have read the index before.

Redis does not roll a script back, so it decides before it writes, and if a write fails it takes back those before it. The
index comes last, new entries first: up to there nobody sees anything of it.

KEYS[1] chunks    hash   chunk id -> header, sealed head; chunk id, block's number (1 byte) -> sealed block
KEYS[2] time      zset   index entry (16 bytes chunk id, 3 earliest, 3 count, of a merged chunk 1 blocks) by latest time
KEYS[3] dataKeys  hash   chunk id -> wrapped data key
KEYS[4] counts    hash   <hour> -> count, s<hour> -> small chunks, m<hour> -> swaps
KEYS[5] retired   zset   index entry of a replaced chunk by when it was replaced
KEYS[6] absorbed  hash   <hour> -> first 8 bytes of the id of each replaced small chunk; '*' once that would be longer than
                         8 kB, which a writer reads at every chunk: then they are in <hour>.<first byte>

ARGV[1] UTC hour      ARGV[3] how many rows go: 0 in a merge
ARGV[2] now, ms       ARGV[4] how many chunks are replaced
                      ARGV[5...] their index entries
then for each new chunk: index entry, latest time, wrapped data key, header and head, its blocks

A wrapped data key is '' where keys lie apart from the data: then none is written.

Returns { 'merged' } | { 'changed' } | { 'uneven' } when their rows are not as many as these and those that go | { 'wrong type', key's place }
]]
local MOST_ABSORBED = 8192
-- unpack fails for thousands of values.
local AT_ONCE = 500

local wanted = { 'hash', 'zset', 'hash', 'hash', 'zset', 'hash' }
for place = 1, 6 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end

local hour = ARGV[1]
local gone = tonumber(ARGV[3])
local replaced = tonumber(ARGV[4])
local function countIn(entry)
  local high, middle, low = string.byte(entry, 20, 22)
  return high * 65536 + middle * 256 + low
end

local rows = 0
local scores = {}
local short = {}
for from = 1, replaced, AT_ONCE do
  local to = math.min(from + AT_ONCE - 1, replaced)
  local page = redis.call('ZMSCORE', KEYS[2], unpack(ARGV, 4 + from, 4 + to))
  for place = from, to do
    local entry = ARGV[4 + place]
    local score = page[place - from + 1]
    if not score or redis.call('HEXISTS', KEYS[1], string.sub(entry, 1, 16)) == 0 then return { 'changed' } end
    scores[place] = score
    rows = rows + countIn(entry)
    if #entry == 22 then short[#short + 1] = string.sub(entry, 1, 8) end
  end
end

local chunks = {}
local at = 5 + replaced
while at <= #ARGV do
  local entry = ARGV[at]
  local id = string.sub(entry, 1, 16)
  local fields = { id, ARGV[at + 3] }
  local names = { id }
  for block = 0, string.byte(entry, 23) - 2 do
    local field = id .. string.char(block)
    fields[#fields + 1] = field
    fields[#fields + 1] = ARGV[at + 4 + block]
    names[#names + 1] = field
  end
  chunks[#chunks + 1] = { entry = entry, latest = ARGV[at + 1], id = id, key = ARGV[at + 2], fields = fields, names = names }
  rows = rows - countIn(entry)
  at = at + 3 + #names
end
if rows ~= gone then return { 'uneven' } end

-- What the absorbed ids become: field -> value.
local absorbed = {}
local function spread(ids)
  for start = 1, #ids, 8 do
    local field = hour .. '.' .. string.byte(ids, start)
    local list = absorbed[field]
    if not list then
      list = { redis.call('HGET', KEYS[6], field) or '' }
      absorbed[field] = list
    end
    list[#list + 1] = string.sub(ids, start, start + 7)
  end
end
if #short > 0 then
  local known = redis.call('HGET', KEYS[6], hour) or ''
  local more = table.concat(short)
  if known == '*' then
    spread(more)
  elseif #known + #more <= MOST_ABSORBED then
    absorbed[hour] = { known, more }
  else
    spread(known .. more)
    absorbed[hour] = { '*' }
  end
end

local undo = {}
local failure
local function write(command, inverse)
  if failure then return end
  local reply = redis.pcall(unpack(command))
  if type(reply) == 'table' and reply.err then
    failure = reply.err
    for place = #undo, 1, -1 do redis.pcall(unpack(undo[place])) end
  else
    undo[#undo + 1] = inverse
  end
end
local function append(list, from, first, last)
  for place = first, last do list[#list + 1] = from[place] end
  return list
end

local counted = redis.call('HMGET', KEYS[4], 's' .. hour, 'm' .. hour, hour)
local swaps = tonumber(counted[2] or '0')
local small = math.max(tonumber(counted[1] or '0') - #short, 0)

-- More absorbed than necessary does no harm: these chunks are stored either way. Where ids move, their old place goes last.
local moved = absorbed[hour]
absorbed[hour] = nil
for field, list in pairs(absorbed) do
  local restore = list[1] == '' and { 'HDEL', KEYS[6], field } or { 'HSET', KEYS[6], field, list[1] }
  write({ 'HSET', KEYS[6], field, table.concat(list) }, restore)
end
if moved then
  local before = redis.call('HGET', KEYS[6], hour)
  write({ 'HSET', KEYS[6], hour, table.concat(moved) }, before and { 'HSET', KEYS[6], hour, before } or { 'HDEL', KEYS[6], hour })
end
for _, chunk in ipairs(chunks) do
  if chunk.key ~= '' then write({ 'HSET', KEYS[3], chunk.id, chunk.key }, { 'HDEL', KEYS[3], chunk.id }) end
  write(append({ 'HSET', KEYS[1] }, chunk.fields, 1, #chunk.fields), append({ 'HDEL', KEYS[1] }, chunk.names, 1, #chunk.names))
end
for from = 1, replaced, AT_ONCE do
  local add = { 'ZADD', KEYS[5] }
  local remove = { 'ZREM', KEYS[5] }
  for place = from, math.min(from + AT_ONCE - 1, replaced) do
    add[#add + 1] = ARGV[2]
    add[#add + 1] = ARGV[4 + place]
    remove[#remove + 1] = ARGV[4 + place]
  end
  write(add, remove)
end
local raise = { 'HSET', KEYS[4], 'm' .. hour, string.format('%.0f', swaps + 1), 's' .. hour, string.format('%.0f', small) }
local lower = { 'HSET', KEYS[4], 's' .. hour, counted[1] or '0' }
local left = math.max(tonumber(counted[3] or '0') - gone, 0)
if gone > 0 then
  append(raise, { hour, string.format('%.0f', left) }, 1, 2)
  append(lower, { hour, counted[3] or '0' }, 1, 2)
end
write(raise, lower)
for _, chunk in ipairs(chunks) do
  write({ 'ZADD', KEYS[2], chunk.latest, chunk.entry }, { 'ZREM', KEYS[2], chunk.entry })
end
for from = 1, replaced, AT_ONCE do
  local remove = { 'ZREM', KEYS[2] }
  local add = { 'ZADD', KEYS[2] }
  for place = from, math.min(from + AT_ONCE - 1, replaced) do
    remove[#remove + 1] = ARGV[4 + place]
    add[#add + 1] = scores[place]
    add[#add + 1] = ARGV[4 + place]
  end
  write(remove, add)
end
if failure then return redis.error_reply(failure) end
-- Only numbers that say nothing more.
if small == 0 then redis.pcall('HDEL', KEYS[4], 's' .. hour) end
if gone > 0 and left == 0 then redis.pcall('HDEL', KEYS[4], hour) end
return { 'merged' }
