--[[
Puts a rollup of one period in the place of the one that it was made from. Does nothing if that is no longer there, since
then another merge put its hours in meanwhile.

KEYS[1] tier      hash   number of a period -> chunk id (16 bytes); chunk id -> sealed rollup
KEYS[2] dataKeys  hash   chunk id -> wrapped data key, '' if it lies apart

ARGV[1] period                          ARGV[3] chunk id        ARGV[5] wrapped data key
ARGV[2] chunk id that is there now, ''  ARGV[4] sealed rollup

Returns { 'stored' } | { 'changed' } | { 'wrong type', key's place }
]]
for place = 1, 2 do
  local kind = redis.call('TYPE', KEYS[place]).ok
  if kind ~= 'none' and kind ~= 'hash' then return { 'wrong type', place } end
end

local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if before ~= ARGV[2] then return { 'changed' } end

-- The period's own field comes last: up to there nobody sees anything of it.
local writes = {
  { 'HSET', KEYS[1], ARGV[3], ARGV[4] },
  { 'HSET', KEYS[1], ARGV[1], ARGV[3] },
}
if ARGV[5] ~= '' then table.insert(writes, 1, { 'HSET', KEYS[2], ARGV[3], ARGV[5] }) end
for place = 1, #writes do
  local written = redis.pcall(unpack(writes[place]))
  if type(written) == 'table' and written.err then
    redis.pcall('HDEL', KEYS[2], ARGV[3])
    redis.pcall('HDEL', KEYS[1], ARGV[3])
    return redis.error_reply(written.err)
  end
end
if before ~= '' then
  redis.call('HDEL', KEYS[1], before)
  redis.call('HDEL', KEYS[2], before)
end
return { 'stored' }
