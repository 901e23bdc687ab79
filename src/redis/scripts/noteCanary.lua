--[[
Notes how far a canary has come, by the clock of Redis. Safe to repeat, but for one more reading in a list of some.

KEYS[1] canary  hash  turnAt    when a sender last looked
                      waiting   job id of the canary that was sent and is not stored yet
                      since     when the first was sent of those that none was stored after
                      stored    when the newest that is stored was sent
                      wait, store, feed   the latest readings, ms, with commas between

ARGV[1] 'turn'    ARGV[2] ms between two turns
        'sent'    ARGV[2] job id   ARGV[3] when it was sent
        'stored'  ARGV[2] when it was sent   ARGV[3] ms ago that it was taken
        'seen'    ARGV[2] when it was sent
ARGV[4] ms that the hash is kept
ARGV[5] characters of readings that are kept

Returns { now, job id that waits or '' }; of 'turn' {} when another sender had it
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function read(field, ms)
  local list = redis.call('HGET', KEYS[1], field)
  list = (list and list .. ',' or '') .. string.format('%.0f', math.max(0, ms))
  if #list > tonumber(ARGV[5]) then list = string.sub(list, string.find(list, ',', #list - ARGV[5], true) + 1) end
  redis.call('HSET', KEYS[1], field, list)
end

if ARGV[1] == 'turn' then
  local last = tonumber(redis.call('HGET', KEYS[1], 'turnAt') or '0')
  -- A clock that was set back must not keep everybody waiting.
  if now >= last and now - last < tonumber(ARGV[2]) then return {} end
  redis.call('HSET', KEYS[1], 'turnAt', string.format('%.0f', now))
elseif ARGV[1] == 'sent' then
  redis.call('HSET', KEYS[1], 'waiting', ARGV[2])
  redis.call('HSETNX', KEYS[1], 'since', ARGV[3])
elseif ARGV[1] == 'stored' then
  local sent = tonumber(ARGV[2])
  if sent > tonumber(redis.call('HGET', KEYS[1], 'stored') or '0') then
    redis.call('HSET', KEYS[1], 'stored', ARGV[2])
    redis.call('HDEL', KEYS[1], 'waiting', 'since')
    read('wait', now - tonumber(ARGV[3]) - sent)
    read('store', now - sent)
  end
else
  read('feed', now - tonumber(ARGV[2]))
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return { now, redis.call('HGET', KEYS[1], 'waiting') or '' }
