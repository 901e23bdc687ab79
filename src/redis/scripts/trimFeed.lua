--[[
Takes entries off the head of one feed: those stored before a limit, and as many more as the feed is too long. An entry's
id is the offset of its last event, so the cut is found by reading. The stream itself is never removed: readers would take
one that begins anew for another life of the feed.

KEYS[1] feed   stream  {last offset}-0 -> 'at' (stored at, ms) and others

ARGV[1] limit, ms: entries stored before it are removed
ARGV[2] most entries that the feed may have
ARGV[3] most entries to remove

Returns { 'removed', entries } | { 'wrong type', 1 }
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { 'removed', 0 } end
if kind ~= 'stream' then return { 'wrong type', 1 } end

local limit = tonumber(ARGV[1])
local most = tonumber(ARGV[3])
local tooMany = math.min(redis.call('XLEN', KEYS[1]) - tonumber(ARGV[2]), most)

local head = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', most)
local cut = 0
for place, entry in ipairs(head) do
  local storedAt
  for field = 1, #entry[2], 2 do
    if entry[2][field] == 'at' then storedAt = tonumber(entry[2][field + 1]) end
  end
  -- An entry that does not say when it was stored is none of ours, and is not kept for ever.
  if place > tooMany and storedAt and storedAt >= limit then break end
  cut = place
end
if cut == 0 then return { 'removed', 0 } end

local last = head[cut][1]
local milliseconds, sequence = string.match(last, '^(%d+)-(%d+)$')
local first = milliseconds .. '-' .. string.format('%.0f', tonumber(sequence) + 1)
return { 'removed', redis.call('XTRIM', KEYS[1], 'MINID', first) }
