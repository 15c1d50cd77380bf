--[[ release: end a lease whose loader failed, or whose value is not to be cached.

  Keeps     Only its holder ends a lease. That it still stood proves that no invalidation
            came since the load was begun.   docs/guarantees.md, P1

  KEYS[1]   the entry
  ARGV[1]   token  of the lease

  State of the key        becomes      reply
  lease, mine             absent       1
  lease, another's        unchanged    0
  value                   unchanged    0
  absent                  absent       0
  anything else           unchanged    0

  Replies   1 released · 0 lost
]]
if redis.pcall('GETRANGE', KEYS[1], 0, 22) ~= 'L' .. ARGV[1] then return 0 end

redis.call('DEL', KEYS[1])
return 1
