--[[ acquireWindow: take the right to load a window, unless there is a reason not to load. As acquire, where values are lists.

  Keeps     One load at a time has the right to fill a key, while its lease lives.   docs/guarantees.md, P1, P5

  KEYS[1]   the entry
  ARGV[1]   token  of this attempt, 22 characters
  ARGV[2]   ttl    of the lease in milliseconds, >= 1
  ARGV[3]   void   the head of a window that may be replaced, or ''
  ARGV[4]   stale  the head of a window whose time is over, or ''

  State of the key        becomes      reply
  absent                  lease        {1}
  lease, mine             unchanged    {1}             a resent command
  lease, another's        unchanged    {0, remaining}  milliseconds
  lease without a TTL     lease        {1}             not written by us
  barrier                 unchanged    {4}             a writer is at work
  barrier without a TTL   lease        {1}             not written by us
  window                  unchanged    {2, elements}
  window, void            lease        {1}
  window, stale           lease        {1}             nothing is served of it
  either of these, marked w    unchanged    {4}        its writer is at work; no longer than the mark stands
  list without a header   lease        {1}             not an entry of a cache: a read tells it
  anything else           lease        {5}             a hash, or another string: a read does not tell it from nothing

  Cost      reads the header; a window is copied only to hand it out
]]
local kind = redis.call('TYPE', KEYS[1]).ok
local header = ''
if kind == 'string' then header = redis.call('GETRANGE', KEYS[1], 0, 23) end
if kind == 'list' then header = redis.call('LINDEX', KEYS[1], 0) end

local head, state = string.sub(header, 1, 23), string.sub(header, 1, 1)
local isLease = kind == 'string' and state == 'L' and #header == 23
local isBarrier = kind == 'string' and state == 'B' and #header == 24 and (redis.call('STRLEN', KEYS[1]) - 2) % 35 == 0
if isLease and head == 'L' .. ARGV[1] then return {1} end

local left = redis.call('PTTL', KEYS[1])
if isLease and left >= 0 then return {0, left} end
if isBarrier and left >= 0 then return {4} end
if kind == 'list' and state == 'V' and #header > 23 and head ~= ARGV[3] and head ~= ARGV[4] then
  return {2, redis.call('LRANGE', KEYS[1], 0, -1)}
end
if kind == 'list' and string.sub(header, 24, 25) == '3w' then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if (tonumber(string.sub(header, 26, 38)) or 0) > now then return {4} end
end

redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])
return {(kind == 'none' or kind == 'list' or isLease or isBarrier) and 1 or 5}
