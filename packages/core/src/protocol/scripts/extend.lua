--[[ extend: give a lease a new TTL while its loader runs.

  Keeps     Only its holder lengthens a lease.   docs/guarantees.md, P5

  KEYS[1]   the entry
  ARGV[1]   token  of the lease
  ARGV[2]   ttl    in milliseconds from now, >= 1

  State of the key        becomes      reply
  lease, mine             new TTL      1
  lease, another's        unchanged    0
  value                   unchanged    0
  absent                  absent       0
  anything else           unchanged    0

  Replies   1 extended · 0 lost
]]
if redis.pcall('GETRANGE', KEYS[1], 0, 22) ~= 'L' .. ARGV[1] then return 0 end

redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
