--[[ redrive: put a dead letter back, to be written after all.

  Keeps     It keeps the id of its put, by which the database knows what is newer.   docs/write-behind.md

  KEYS[1]   the stream
  KEYS[2]   the dead letters
  ARGV[1]   id     of the dead letter
  ARGV[2]   limit  how many entries may wait, >= 1

  State                          becomes               reply
  no such dead letter            unchanged             nil
  fewer than limit wait          an entry, at the end  its id
  limit or more wait             unchanged             how many there are
]]
local letter = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]
if not letter then return false end

local waiting = redis.call('XLEN', KEYS[1])
if waiting >= tonumber(ARGV[2]) then return waiting end

local fields, put = {unpack(letter[2], 7)}, letter[2][6]
for at = 1, #fields, 2 do
  if fields[at] == 'put' then put = nil end
end
if put then
  fields[#fields + 1] = 'put'
  fields[#fields + 1] = put
end
local id = redis.call('XADD', KEYS[1], '*', unpack(fields))
redis.call('XDEL', KEYS[2], ARGV[1])
return id
