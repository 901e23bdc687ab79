--[[
Compares the keys of a process that starts with those that the data is sealed under, and notes down what it will seal under.
Changes nothing when they do not fit, and writes nothing that is there: a process that is started again has to start while
Redis is full, since it may be the one that works off what fills it.

KEYS[1] identity hash   publicId -> the public key that producers seal to; opens:<public id> -> an older one that readers
                        still open; key:<key id> -> the public id that goes with a key-encryption key that data may be
                        wrapped by; lasting -> the id of the keys that no rotation changes; keyStore -> where data keys
                        are; data -> names this data, so that no other data's keys are taken for its own

ARGV[1] own public id
and of a process that reads:
ARGV[2] id of its lasting keys
ARGV[3] id of its key-encryption key
ARGV[4] where it keeps data keys
ARGV[5] a name for the data if it has none
ARGV[6...] key-encryption key id, public id, 'older' or 'next' of each other key that it holds

Returns { 'fits' } | { 'other', public id there } | { 'lacks', key id, public id } | { 'lasting', id there } | { 'elsewhere', place there }
]]
local known = redis.call('HGET', KEYS[1], 'publicId')
local isReader = #ARGV > 1

if not isReader then
  if not known then redis.call('HSET', KEYS[1], 'publicId', ARGV[1]) end
  if not known or known == ARGV[1] or redis.call('HEXISTS', KEYS[1], 'opens:' .. ARGV[1]) == 1 then return { 'fits' } end
  return { 'other', known }
end

local held = { [ARGV[3]] = true }
local uses = { [ARGV[1]] = 'current' }
local keyIds = {}
local notes = { 'key:' .. ARGV[3], ARGV[1], 'lasting', ARGV[2], 'keyStore', ARGV[4] }
for place = 6, #ARGV, 3 do
  held[ARGV[place]] = true
  uses[ARGV[place + 1]] = ARGV[place + 2]
  keyIds[ARGV[place + 1]] = ARGV[place]
  if ARGV[place + 2] == 'older' then
    notes[#notes + 1] = 'opens:' .. ARGV[place + 1]
    notes[#notes + 1] = '1'
  end
end
if known and not uses[known] then return { 'other', known } end

local fields = redis.call('HGETALL', KEYS[1])
local noted = {}
for place = 1, #fields, 2 do
  local field, value = fields[place], fields[place + 1]
  noted[field] = value
  if string.sub(field, 1, 4) == 'key:' and not held[string.sub(field, 5)] then return { 'lacks', string.sub(field, 5), value } end
  if field == 'lasting' and value ~= ARGV[2] then return { 'lasting', value } end
  -- Beside the data first and apart later: what was stored before is found. Not the other way.
  if field == 'keyStore' and value ~= ARGV[4] and value ~= 'beside' then return { 'elsewhere', value } end
end
-- One that others seal to already, and that comes next here, stays.
if not known or uses[known] == 'older' then
  notes[#notes + 1] = 'publicId'
  notes[#notes + 1] = ARGV[1]
  -- An earlier version did not note what it wrapped by.
  if known then
    notes[#notes + 1] = 'key:' .. keyIds[known]
    notes[#notes + 1] = known
  end
end
if not noted['data'] then
  notes[#notes + 1] = 'data'
  notes[#notes + 1] = ARGV[5]
end
for place = 1, #notes, 2 do
  if noted[notes[place]] ~= notes[place + 1] then redis.call('HSET', KEYS[1], notes[place], notes[place + 1]) end
end
return { 'fits' }
