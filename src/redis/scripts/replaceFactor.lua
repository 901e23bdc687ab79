--[[
Puts somebody's second factor in the place of the one before, with its recovery codes, or takes it away. Safe to repeat.

KEYS[1] hash: 'f:<who>' → sealed factor; 's:<who>' → time step of the last code that was used; 'r:<who>:<hash of a code>' → '1'

ARGV[1] who   ARGV[2] sealed factor, '' for none   ARGV[3…] hashes of recovery codes

Returns 1 where there was one before
]]
local who = ARGV[1]
local codes = 'r:' .. who .. ':'
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, #codes) == codes then redis.call('HDEL', KEYS[1], field) end
end
redis.call('HDEL', KEYS[1], 's:' .. who)
local was = redis.call('HDEL', KEYS[1], 'f:' .. who)
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'f:' .. who, ARGV[2])
  for place = 3, #ARGV do redis.call('HSET', KEYS[1], codes .. ARGV[place], '1') end
end
return was
