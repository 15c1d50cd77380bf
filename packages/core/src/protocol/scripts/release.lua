--[[ release: give back the right to load a key, when there is nothing to fill it with.

  Keeps     Only who has the right gives it back. That it still stood proves that no invalidation
            came since the load was begun.   docs/guarantees.md, P1

  KEYS[1]   the entry
  ARGV[1]   expected  the head of the lease, or of the value that was to be refreshed

  State of the key        becomes      reply
  lease, expected         absent       1
  lease, another          unchanged    0
  value, expected         absent       1   its loader declined: it is not to be cached any more
  value, another          unchanged    0
  barrier                 unchanged    0
  absent                  absent       0
  anything else           unchanged    0

  Replies   1 released · 0 lost
]]
if redis.pcall('GETRANGE', KEYS[1], 0, 22) ~= ARGV[1] then return 0 end

redis.call('UNLINK', KEYS[1])
return 1
