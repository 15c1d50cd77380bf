--[[ renew: make a value fresh again whose loader found it unchanged. Its payload is not sent again.

  Keeps     As a fill: accepted only if nothing has touched the key since the load was begun.   docs/guarantees.md, P1

  KEYS[1]   the entry
  ARGV[1]   expected  the head of the value that is refreshed
  ARGV[2]   head      the same with a fresh id
  ARGV[3]   fresh     soft TTL in milliseconds, >= 1
  ARGV[4]   ttl       hard TTL in milliseconds, >= fresh
  ARGV[5]   generation of the namespace before the load, 16 characters
  ARGV[6]   moment    of the tag clock before the load, 32 characters, or ''

  State of the key        becomes           reply
  value, expected         value, fresh      1   unmarked
  value, this very one    unchanged         1   a resent command
  value, another          unchanged         0
  lease                   unchanged         0
  barrier                 unchanged         0
  absent                  absent            0
  anything else           unchanged         0

  Replies   1 accepted · 0 rejected
  Cost      about 100 bytes are written, whatever the size of the payload
]]
local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)
if head == ARGV[2] then return 1 end
if head ~= ARGV[1] or string.sub(head, 1, 1) ~= 'V' then return 0 end

local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
local life = string.format('%013.0f', ends) .. string.format('%010.0f', ARGV[3])
redis.call('SETRANGE', KEYS[1], 0, ARGV[2] .. '3-' .. string.rep('0', 13) .. life)
redis.call('SETRANGE', KEYS[1], 71, ARGV[5])
if redis.call('GETRANGE', KEYS[1], 87, 87) == 't' then redis.call('SETRANGE', KEYS[1], 88, ARGV[6]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
