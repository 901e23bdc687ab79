--[[
Removes chunks that were merged into others some time ago. One that is still in the index was left here by a swap that
failed half way, and stays.

KEYS[1] chunks    hash   chunk id -> sealed chunk; of a merged one also chunk id, block's number (1 byte) -> sealed block
KEYS[2] time      zset   index entry (16 bytes chunk id, 3 earliest, 3 count, of a merged one 1 blocks) by latest time
KEYS[3] dataKeys  hash   chunk id -> wrapped data key
KEYS[4] retired   zset   index entry by when its chunk was merged, ms

ARGV[1] limit, ms: chunks that were merged at it or earlier are removed
ARGV[2] most entries to remove

Returns { 'removed', entries, chunks, their ids } | { 'wrong type', key's place }
]]
local wanted = { 'hash', 'zset', 'hash', 'zset' }
for place = 1, 4 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= wanted[place] then return { 'wrong type', place } end
end

local due = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #due == 0 then return { 'removed', 0, 0, {} } end

local scores = redis.call('ZMSCORE', KEYS[2], unpack(due))
local ids = {}
for place, entry in ipairs(due) do
  if not scores[place] then
    local id = string.sub(entry, 1, 16)
    local doomed = { id }
    for block = 0, (string.byte(entry, 23) or 1) - 2 do doomed[#doomed + 1] = id .. string.char(block) end
    redis.call('HDEL', KEYS[1], unpack(doomed))
    ids[#ids + 1] = id
  end
end
if #ids > 0 then redis.call('HDEL', KEYS[3], unpack(ids)) end
redis.call('ZREM', KEYS[4], unpack(due))
return { 'removed', #due, #ids, ids }
