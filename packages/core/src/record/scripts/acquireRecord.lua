--[[ acquireRecord: take the right to load a record, unless there is a reason not to load. As acquire, for a hash.

  Keeps     One load at a time has the right to fill a record, while its lease lives.   docs/guarantees.md, P1, P5

  KEYS[1]   the record
  ARGV[1]   token  of this attempt, 22 characters
  ARGV[2]   ttl    of the lease in milliseconds, >= 1
  ARGV[3]   void   the head of a record that may be replaced, or ''
  ARGV[…]   the names of the fields

  A record is a hash with a header in the field @. A lease is a string, so that no field can be taken for one.

  State of the key          becomes      reply
  absent                    lease        {1}
  lease, mine               unchanged    {1}             a resent command
  lease, another's          unchanged    {0, remaining}  milliseconds
  lease without a TTL       lease        {1}             not written by us
  barrier                   unchanged    {4}             a writer is at work
  barrier without a TTL     lease        {1}             not written by us
  record                    unchanged    {2, {header, the fields}}
  record, void              lease        {1}
  record, void, marked w    unchanged    {4}             its writer is at work; no longer than the mark stands
  hash without a header     lease        {5}
  anything else             lease        {5}
]]
local type = redis.call('TYPE', KEYS[1]).ok
if type == 'hash' then
  local header = redis.call('HGET', KEYS[1], '@') or ''
  if string.sub(header, 1, 1) == 'V' and #header > 88 then
    if string.sub(header, 1, 23) ~= ARGV[3] then return {2, redis.call('HMGET', KEYS[1], '@', unpack(ARGV, 4))} end
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    if string.sub(header, 25, 25) == 'w' and (tonumber(string.sub(header, 26, 38)) or 0) > now then return {4} end
    type = 'void'
  end
elseif type == 'string' then
  local head, length = redis.call('GETRANGE', KEYS[1], 0, 22), redis.call('STRLEN', KEYS[1])
  if head == 'L' .. ARGV[1] and length == 23 then return {1} end
  local left, state = redis.call('PTTL', KEYS[1]), string.sub(head, 1, 1)
  local isLease, isBarrier = state == 'L' and length == 23, state == 'B' and length >= 37 and (length - 2) % 35 == 0
  if isLease and left >= 0 then return {0, left} end
  if isBarrier and left >= 0 then return {4} end
  if isLease or isBarrier then type = 'void' end
end

redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])
return {(type == 'none' or type == 'void') and 1 or 5}
