--[[ updateRecord: write some fields of a record that is cached, and begin its TTL anew: that which it was filled with.

  Keeps     A record is changed only while it is whole, and nothing else has happened to it since its writer has opened it.
            docs/guarantees.md, P1

  KEYS[1]   the record
  ARGV[1]   opened  the id that its writer has given it
  ARGV[2]   id      of the record from then on, 22 characters
  ARGV[3]   count   of the fields that are written
  ARGV[…]   the name and the text of each, then the names of those that are null

  State of the key              becomes                          reply
  record, opened                with the fields, id and TTL      1   unmarked
  record, this very one         unchanged                        1   a resent command
  record, another               unchanged                        0   it was loaded again
  lease                         unchanged                        0
  barrier                       unchanged                        0
  absent                        absent                           0
  anything else                 unchanged                        0

  Replies   1 accepted · 0 rejected
]]
local header = redis.pcall('HGET', KEYS[1], '@')
if type(header) ~= 'string' then return 0 end
if string.sub(header, 1, 23) == 'V' .. ARGV[2] then return 1 end
if string.sub(header, 1, 23) ~= 'V' .. ARGV[1] then return 0 end

local time = redis.call('TIME')
local ttl = tonumber(string.sub(header, 52, 61))
local ends = string.format('%013.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ttl)
header = 'V' .. ARGV[2] .. '3-' .. string.rep('0', 13) .. ends .. string.sub(header, 52)
local written = 3 + 2 * ARGV[3]
redis.call('HSET', KEYS[1], '@', header, unpack(ARGV, 4, written))
if #ARGV > written then redis.call('HDEL', KEYS[1], unpack(ARGV, written + 1)) end
redis.call('PEXPIRE', KEYS[1], ttl)
return 1
