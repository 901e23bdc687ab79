--[[
How much waits in a queue. A job carries 1 to 4,096 events, so the mean of a few that are picked at random tells how many
events there are; what a job carries is looked at here and does not travel.

KEYS[1] wait         list
KEYS[2] prioritized  zset
KEYS[3] delayed      zset

ARGV[1] what the key of a job begins with: the queue's own, in the slot of the others
ARGV[2] jobs to look at, 0 for none

Returns { jobs that are ready, jobs that wait for their time, jobs looked at, events in those }
]]
local ready = redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2])
local delayed = redis.call('ZCARD', KEYS[3])
local looked, events = 0, 0
if tonumber(ARGV[2]) > 0 then
  for _, id in ipairs(redis.call('ZRANDMEMBER', KEYS[2], ARGV[2])) do
    local data = redis.call('HGET', ARGV[1] .. id, 'data')
    local count = data and string.match(string.sub(data, 1, 400), '"n":(%d+)')
    if count then
      looked = looked + 1
      events = events + tonumber(count)
    end
  end
end
return { ready, delayed, looked, events }
