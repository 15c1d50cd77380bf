--[[ remaining: how long the value under a key will stand.

  Keeps     The TTL of a lease is never taken for that of a value.

  KEYS[1]   the entry

  State of the key        becomes      reply
  value                   unchanged    its TTL in milliseconds
  lease                   unchanged    -2
  absent                  absent       -2
  anything else           unchanged    -2
]]
local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)
if type(head) ~= 'string' or #head < 23 or string.sub(head, 1, 1) ~= 'V' then return -2 end

return redis.call('PTTL', KEYS[1])
