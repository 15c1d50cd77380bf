--[[ fill: put a loaded value where its lease stands.

  Keeps     A fill is accepted only if nothing has touched the key since its load was
            begun: no invalidation, no eviction, no other fill.   docs/guarantees.md, P1

  KEYS[1]   the entry
  ARGV[1]   token  of the lease under which the value was loaded
  ARGV[2]   entry  header, with its own fresh id, and payload
  ARGV[3]   ttl    hard TTL in milliseconds, >= 1

  State of the key        becomes      reply
  absent                  absent       0   invalidated, evicted or expired
  lease, mine             value        1
  lease, another's        unchanged    0
  value, this very one    unchanged    1   a resent command
  value, another          unchanged    0   somebody filled it
  anything else           unchanged    0

  Replies   1 accepted · 0 rejected
  Cost      reads the fixed-width head only; one SET
]]
local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)
if type(head) ~= 'string' then return 0 end

if head == string.sub(ARGV[2], 1, 23) then return 1 end
if head ~= 'L' .. ARGV[1] then return 0 end

redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
