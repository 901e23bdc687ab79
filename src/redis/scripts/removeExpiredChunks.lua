--[[
Removes chunks whose latest time lies before a limit, oldest first, with everything that belongs to them. Safe to repeat,
and to run beside writers, merges and itself.

Counts change first and are taken back if the chunks, which go in one command, cannot be removed. An index entry without
its chunk was left by a run that failed behind that: it goes too, and counts nothing.

KEYS[1] chunks    hash   chunk id -> sealed chunk; of a merged one also chunk id, block's number (1 byte) -> sealed block
KEYS[2] time      zset   index entry (16 bytes chunk id, 3 earliest, 3 count, of a merged one 1 blocks) by latest time
KEYS[3] dataKeys  hash   chunk id -> wrapped data key
KEYS[4] counts    hash   <hour> -> count, s<hour> -> small chunks

ARGV[1] limit, ms: chunks that end before it are removed
ARGV[2] most fields of KEYS[1] to remove: the last chunk may exceed it

Returns { 'removed', 1 if there may be more, else 0, chunks, rows in them, their ids } | { 'wrong type', key's place }
]]
local HOUR_MS = 3600000

local wanted = { 'hash', 'zset', 'hash', 'hash' }
for place = 1, 4 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end

local most = tonumber(ARGV[2])
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[1], 'WITHSCORES', 'LIMIT', 0, most)
if #expired == 0 then return { 'removed', 0, 0, 0, {} } end

local chunks = 0
local rows = 0
local taken = {}
local entries = {}
local ids = {}
local fields = {}
local place = 1
while place <= #expired and #fields < most do
  local entry = expired[place]
  local id = string.sub(entry, 1, 16)
  local high, middle, low, blocks = string.byte(entry, 20, 23)
  if redis.call('HEXISTS', KEYS[1], id) == 1 then
    local count = high * 65536 + middle * 256 + low
    local hour = string.format('%.0f', math.floor(tonumber(expired[place + 1]) / HOUR_MS))
    taken[hour] = (taken[hour] or 0) + count
    if not blocks then taken['s' .. hour] = (taken['s' .. hour] or 0) + 1 end
    chunks = chunks + 1
    rows = rows + count
  end
  entries[#entries + 1] = entry
  ids[#ids + 1] = id
  fields[#fields + 1] = id
  for block = 0, (blocks or 1) - 2 do fields[#fields + 1] = id .. string.char(block) end
  place = place + 2
end

local counts = {}
for field, count in pairs(taken) do
  local before = redis.call('HGET', KEYS[4], field)
  if before then counts[field] = { before = before, left = tonumber(before) - count } end
end

local undo = {}
local failure
local function write(command, inverse)
  if failure then return end
  local reply = redis.pcall(unpack(command))
  if type(reply) == 'table' and reply.err then
    failure = reply.err
    for last = #undo, 1, -1 do redis.pcall(unpack(undo[last])) end
  else
    undo[#undo + 1] = inverse
  end
end
for field, count in pairs(counts) do
  local lower = count.left > 0 and { 'HSET', KEYS[4], field, string.format('%.0f', count.left) } or { 'HDEL', KEYS[4], field }
  write(lower, { 'HSET', KEYS[4], field, count.before })
end
write({ 'HDEL', KEYS[1], unpack(fields) }, nil)
if failure then return redis.error_reply(failure) end
redis.call('HDEL', KEYS[3], unpack(ids))
redis.call('ZREM', KEYS[2], unpack(entries))
return { 'removed', (place <= #expired or #expired == 2 * most) and 1 or 0, chunks, rows, ids }
