--[[
Removes from some buckets of one key the marks of ids or batches that were stored before a day. A mark is written again by
nobody once it is that old: events of its time are refused as expired.

KEYS[1] records   hash   bucket -> records of hash (8 bytes), day of storing (2), rest; n -> buckets: see storeEventChunk.lua

ARGV[1] bytes of a record
ARGV[2] day (since 1970): marks of days before it are removed
ARGV[3] bucket to begin with      ARGV[4] buckets to look at

Returns { 'removed', next bucket (0 at the end), marks removed, marks left in these buckets } | { 'wrong type', 1 }
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { 'removed', 0, 0, 0 } end
if kind ~= 'hash' then return { 'wrong type', 1 } end

local width, day, first = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local buckets = tonumber(redis.call('HGET', KEYS[1], 'n') or '1')
local last = math.min(first + tonumber(ARGV[4]), buckets) - 1
local numbers = {}
for bucket = first, last do numbers[#numbers + 1] = bucket end
if #numbers == 0 then return { 'removed', 0, 0, 0 } end

local removed, left = 0, 0
for place, text in ipairs(redis.call('HMGET', KEYS[1], unpack(numbers))) do
  local kept = {}
  for at = 1, #(text or ''), width do
    local high, low = string.byte(text, at + 8, at + 9)
    if high * 256 + low >= day then kept[#kept + 1] = string.sub(text, at, at + width - 1) end
  end
  left = left + #kept
  local before = #(text or '') / width
  if #kept < before then
    removed = removed + before - #kept
    if #kept == 0 then
      redis.call('HDEL', KEYS[1], numbers[place])
    else
      redis.call('HSET', KEYS[1], numbers[place], table.concat(kept))
    end
  end
end
return { 'removed', last + 1 < buckets and last + 1 or 0, removed, left }
