--[[
Revokes something, forgets what is over by itself, and counts up the version by which readers see that there is news. Safe
to repeat.

KEYS[1] revocations hash: what → 'since:until', ms; 'v' → version

ARGV[1] what   ARGV[2] since when, ms: what was issued up to then is revoked   ARGV[3] until when it has to be remembered, ms
ARGV[4] now, ms

Returns the version
]]
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if field ~= 'v' then
    local till = string.match(redis.call('HGET', KEYS[1], field), ':(%d+)$')
    if not till or tonumber(till) < tonumber(ARGV[4]) then redis.call('HDEL', KEYS[1], field) end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. ARGV[3])
return redis.call('HINCRBY', KEYS[1], 'v', 1)
