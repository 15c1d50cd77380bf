--[[ claim: put a lease in place of whatever stands, the first half of a set. A late or resent claim can only void.

  Keeps     Loads that are under way cannot fill any more. A writer who is at work is not disturbed.   docs/guarantees.md, P1, P4

  KEYS[1]   the entry
  ARGV[1]   token  of this attempt, 22 characters
  ARGV[2]   ttl    of the lease in milliseconds, >= 1

  State of the key        becomes      reply
  barrier                 with x       0      nothing can be stored when it is lowered
  barrier without a TTL   lease        1      not written by us
  anything else           lease        1

  Replies   1 claimed · 0 barred
]]
if redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('GETRANGE', KEYS[1], 0, 0) == 'B' then
  local length = redis.call('STRLEN', KEYS[1])
  if length >= 37 and (length - 2) % 35 == 0 and redis.call('PTTL', KEYS[1]) >= 0 then
    redis.call('SETRANGE', KEYS[1], 1, 'x')
    return 0
  end
end

redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])
return 1
