--[[ remaining: how long the value under a key will stand.

  Keeps     The TTL of a lease is never taken for that of a value.

  KEYS[1]   the entry

  State of the key        becomes      reply
  value                   unchanged    its TTL in milliseconds
  lease                   unchanged    -2
  absent                  absent       -2
  anything else           unchanged    -2
]]
if redis.pcall('GETRANGE', KEYS[1], 0, 0) ~= 'V' then return -2 end

return redis.call('PTTL', KEYS[1])
