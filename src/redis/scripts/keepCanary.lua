--[[
Keeps of the series of canaries the last one only, and that for a while. Safe to repeat.

KEYS[1] chunks hash   KEYS[2] time zset   KEYS[3] dataKeys hash   KEYS[4] counts hash   KEYS[5] feed stream

ARGV[1] chunk id of the last one   ARGV[2] its UTC hour
ARGV[3] entries of the feed that are kept   ARGV[4] ms that everything is kept

Returns the ids of those that were removed
]]
local removed = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[2], 0, 99)) do
  local id = string.sub(member, 1, 16)
  if id ~= ARGV[1] then
    redis.call('HDEL', KEYS[1], id)
    redis.call('HDEL', KEYS[3], id)
    redis.call('ZREM', KEYS[2], member)
    removed[#removed + 1] = id
  end
end
for _, field in ipairs(redis.call('HKEYS', KEYS[4])) do
  local hour = string.match(field, '^s?(%d+)$')
  if hour and hour ~= ARGV[2] then redis.call('HDEL', KEYS[4], field) end
end
redis.call('XTRIM', KEYS[5], 'MAXLEN', ARGV[3])
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[4]) end
return removed
