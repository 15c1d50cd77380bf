--[[ acquire: take the lease of a key, unless there is a reason not to load.

  Keeps     One lease at a time stands under a key, and only its token can fill it.   docs/guarantees.md, P1, P5

  KEYS[1]   the entry
  ARGV[1]   token      of this attempt, 22 characters
  ARGV[2]   ttl        of the lease in milliseconds, >= 1
  ARGV[3]   replacing  the head of an unreadable entry that may be replaced, or ''

  State of the key        becomes      reply
  absent                  lease        {1}
  lease, mine             unchanged    {1}             a resent command
  lease, another's        unchanged    {0, remaining}  milliseconds
  lease without a TTL     lease        {1}             not written by us
  value                   unchanged    {2, value}
  value, replacing        lease        {1}
  anything else           lease        {1}             not an entry of a cache

  Cost      reads the fixed-width head; a value is copied only to hand it out
]]
local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)
if type(head) ~= 'string' then head = '' end -- another type of key

if head == 'L' .. ARGV[1] then return {1} end

if #head == 23 and head ~= ARGV[3] then
  local state = string.sub(head, 1, 1)
  if state == 'V' then return {2, redis.call('GET', KEYS[1])} end
  if state == 'L' then
    local remaining = redis.call('PTTL', KEYS[1])
    if remaining >= 0 then return {0, remaining} end
  end
end

redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])
return {1}
