--[[ acquire: take the right to load a key, unless there is a reason not to load.

  Keeps     One load at a time has the right to fill a key, while its lease lives.   docs/guarantees.md, P1, P5

  KEYS[1]   the entry
  ARGV[1]   token  of this attempt, 22 characters
  ARGV[2]   ttl    of the lease in milliseconds, >= 1
  ARGV[3]   void   the head of an unreadable entry that may be replaced, or ''
  ARGV[4]   stale  the head of a value that is to be refreshed, or ''

  State of the key        becomes          reply
  absent                  lease            {1}
  lease, mine             unchanged        {1}             a resent command
  lease, another's        unchanged        {0, remaining}  milliseconds
  lease without a TTL     lease            {1}             not written by us
  barrier                 unchanged        {4}             a writer is at work
  barrier without a TTL   lease            {1}             not written by us
  value                   unchanged        {2, value}
  value, void             lease            {1}
  value, stale            value, marked    {3}             it stands at least as long as a lease, or,
                                                           if it was expired by call, as before
  value, stale, marked r  unchanged        {0, remaining}  another refreshes it
  another type of key     lease            {5}             a list, for example: an MGET does not tell it from nothing
  anything else           lease            {1}             not an entry of a cache

  Cost      reads the fixed-width header; a value is copied only to hand it out
]]
local header = redis.pcall('GETRANGE', KEYS[1], 0, 50)
local isForeign = type(header) ~= 'string'
if isForeign then header = '' end

local head, state = string.sub(header, 1, 23), string.sub(header, 1, 1)
if (state == 'L') ~= (#header == 23) then state = '' end -- cut, or with something behind it
if state == 'B' and (redis.call('STRLEN', KEYS[1]) - 2) % 35 ~= 0 then state = '' end
if head == 'L' .. ARGV[1] then return {1} end

if #head == 23 and head ~= ARGV[3] then
  local left = redis.call('PTTL', KEYS[1])
  if state == 'L' and left >= 0 then return {0, left} end
  if state == 'B' and left >= 0 then return {4} end
  if state == 'V' and head ~= ARGV[4] then return {2, redis.call('GET', KEYS[1])} end
  if state == 'V' then
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local standing = (tonumber(string.sub(header, 26, 38)) or 0) - now
    if string.sub(header, 25, 25) == 'r' and standing > 0 then return {0, standing} end
    redis.call('SETRANGE', KEYS[1], 24, 'r' .. string.format('%013.0f', now + ARGV[2]))
    local byCall = string.sub(header, 39, 51) == string.rep('0', 13)
    if left >= 0 and left < tonumber(ARGV[2]) and not byCall then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
    return {3}
  end
end

redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])
return {isForeign and 5 or 1}
