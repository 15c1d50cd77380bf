--[[ fillWindow: put a loaded window where the right to it stands.

  Keeps     A fill is accepted only if nothing has touched the key since its load was begun: no invalidation, no
            eviction, no other fill, no append.   docs/guarantees.md, P1

  KEYS[1]   the entry
  ARGV[1]   expected  the head of the lease
  ARGV[2]   header    with its own fresh id
  ARGV[3]   ttl       in milliseconds, >= 1
  ARGV[4…]  items     oldest first; there may be none

  State of the key        becomes      reply
  absent                  absent       0   invalidated, evicted or expired
  lease, expected         window       1
  lease, another          unchanged    0
  window, this very one   unchanged    1   a resent command
  window, another         unchanged    0   somebody filled it, or appended to it
  barrier                 unchanged    0   a writer is at work
  anything else           unchanged    0

  Replies   1 accepted · 0 rejected
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'list' then
  return string.sub(redis.call('LINDEX', KEYS[1], 0), 1, 23) == string.sub(ARGV[2], 1, 23) and 1 or 0
end
if kind ~= 'string' or redis.call('GETRANGE', KEYS[1], 0, 23) ~= ARGV[1] then return 0 end

local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('UNLINK', KEYS[1])
redis.call('RPUSH', KEYS[1], string.sub(ARGV[2], 1, 38) .. string.format('%013.0f', ends) .. string.sub(ARGV[2], 52))
for from = 4, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
