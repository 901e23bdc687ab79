--[[
Joins the last buckets of one key of marks with those that they were split off, when few marks are left in them. Safe to
repeat, and beside writers: each is one HSET of the joined bucket and of how many there are now, and what the last bucket
still holds then is read by nobody.

KEYS[1] records   hash   bucket -> records, n -> buckets: see storeEventChunk.lua

ARGV[1] how many buckets are enough      ARGV[2] buckets to join at most

Returns { 'removed', buckets that are left } | { 'wrong type', 1 }
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { 'removed', 0 } end
if kind ~= 'hash' then return { 'wrong type', 1 } end

local buckets = tonumber(redis.call('HGET', KEYS[1], 'n') or '1')
local enough = math.max(tonumber(ARGV[1]), buckets - tonumber(ARGV[2]), 1)
local size = 1
while size < buckets do size = size * 2 end
while buckets > enough do
  local last = buckets - 1
  local into = last - size / 2
  local texts = redis.call('HMGET', KEYS[1], into, last)
  local joined = (texts[1] or '') .. (texts[2] or '')
  redis.call('HSET', KEYS[1], into, joined, 'n', last)
  redis.call('HDEL', KEYS[1], last)
  if joined == '' then redis.call('HDEL', KEYS[1], into) end
  buckets = last
  if buckets == size / 2 then size = buckets end
end
-- Nothing but the number of buckets, and that is what it is without.
if buckets == 1 and redis.call('HLEN', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], 'n') == 1 then redis.call('DEL', KEYS[1]) end
return { 'removed', buckets }
