--[[ fill: put a loaded value where the right to it stands.

  Keeps     A fill is accepted only if nothing has touched the key since its load was
            begun: no invalidation, no eviction, no other fill.   docs/guarantees.md, P1

  KEYS[1]   the entry
  ARGV[1]   expected  the head seen before the load: of its lease, or of the value that is refreshed
  ARGV[2]   entry     header, with its own fresh id, and payload
  ARGV[3]   fresh     soft TTL in milliseconds, >= 1
  ARGV[4]   ttl       hard TTL in milliseconds, >= fresh

  State of the key        becomes      reply
  absent                  absent       0   invalidated, evicted or expired
  lease, expected         value        1
  lease, another          unchanged    0
  value, expected         value        1   a refresh
  value, this very one    unchanged    1   a resent command
  value, another          unchanged    0   somebody filled it
  barrier                 unchanged    0   a writer is at work
  anything else           unchanged    0

  Replies   1 accepted · 0 rejected
  Cost      reads the fixed-width head; one SET, and the end of freshness written into it
]]
local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)
if type(head) ~= 'string' then return 0 end

if head == string.sub(ARGV[2], 1, 23) then return 1 end
if head ~= ARGV[1] then return 0 end

local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])
redis.call('SETRANGE', KEYS[1], 38, string.format('%013.0f', ends))
return 1
