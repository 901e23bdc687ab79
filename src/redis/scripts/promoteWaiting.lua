--[[
Puts jobs that have waited long before those of every priority, the oldest first: a queue that always has something more
urgent would never come to them. Few at a time, so that what is urgent hardly notices.

KEYS[1] prioritized  zset    ids by priority * 2^32 + count
KEYS[2] pc           string  BullMQ's count
KEYS[3] promoted     string  there while no other worker need do this

ARGV[1] what the key of a job begins with: the queue's own, in the slot of the others
ARGV[2] ms that a job has to have waited
ARGV[3] most jobs to put forward
ARGV[4] ms until this is done again

Returns how many were put forward
]]
local BAND = 4294967296
local MOST_BANDS = 16

local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[2] then return 0 end
local time = redis.call('TIME')
local before = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[2])

local old = {}
local band = math.floor(tonumber(first[2]) / BAND)
for _ = 1, MOST_BANDS do
  -- Within a priority the oldest is first.
  local found = redis.call('ZRANGEBYSCORE', KEYS[1], string.format('%.0f', (band + 1) * BAND), '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
  if not found[2] then break end
  band = math.floor(tonumber(found[2]) / BAND)
  for place = 1, #found, 2 do
    if tonumber(found[place + 1]) >= (band + 1) * BAND then break end
    local added = tonumber(redis.call('HGET', ARGV[1] .. found[place], 'timestamp') or '')
    if not added or added > before then break end
    old[#old + 1] = { added, found[place], #old }
  end
end
if #old == 0 then return 0 end
if not redis.call('SET', KEYS[3], '1', 'PX', ARGV[4], 'NX') then return 0 end

table.sort(old, function(one, other)
  if one[1] == other[1] then return one[3] < other[3] end
  return one[1] < other[1]
end)
local count = math.min(#old, tonumber(ARGV[3]))
for place = 1, count do
  local score = BAND + redis.call('INCR', KEYS[2]) % BAND
  redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', score), old[place][2])
end
return count
