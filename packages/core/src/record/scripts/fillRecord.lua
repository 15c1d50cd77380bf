--[[ fillRecord: put a loaded record where the right to it stands. As fill, for a hash.

  Keeps     A record is accepted whole, and only if nothing has touched the key since its load was begun.   docs/guarantees.md, P1

  KEYS[1]   the record
  ARGV[1]   expected  the lease
  ARGV[2]   header    with its own fresh id
  ARGV[3]   ttl       in milliseconds, >= 1
  ARGV[…]   each field's name and text; none for a cached "does not exist"

  State of the key        becomes      reply
  absent                  absent       0   invalidated, evicted or expired
  lease, expected         record       1
  lease, another          unchanged    0
  record, this very one   unchanged    1   a resent command
  record, another         unchanged    0   somebody filled it
  barrier                 unchanged    0   a writer is at work
  anything else           unchanged    0

  Replies   1 accepted · 0 rejected
]]
local standing = redis.pcall('HGET', KEYS[1], '@')
if type(standing) == 'string' then return string.sub(standing, 1, 23) == string.sub(ARGV[2], 1, 23) and 1 or 0 end
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end

local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
local header = string.sub(ARGV[2], 1, 38) .. string.format('%013.0f', ends) .. string.sub(ARGV[2], 52)
redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[1], '@', header, unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
