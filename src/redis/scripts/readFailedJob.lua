--[[
What a job tells of itself, without what it carries: of that only its size and its first bytes, which hold how many events
are in it and the name of the key. The whole of it would be up to a megabyte for each line of a list.

KEYS[1] job       hash   as BullMQ keeps it

ARGV[1] how many bytes of what it carries

Returns { failedReason, atm, ats, priority, bytes, first bytes } | { } when there is no such job | { 'wrong type' }
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return {} end
if kind ~= 'hash' then return { 'wrong type' } end

local found = redis.call('HMGET', KEYS[1], 'failedReason', 'atm', 'ats', 'priority', 'data')
local data = found[5] or ''
return { found[1] or '', found[2] or '0', found[3] or '0', found[4] or '0', #data, string.sub(data, 1, tonumber(ARGV[1])) }
