--[[ moment: read the tag clock before a load with tags begins, and make one where there is none.

  Keeps     Whatever is voided by a tag from now on has a later reading than this.   docs/guarantees.md, P1

  KEYS[1]   the tag clock, a hash: see bump
  ARGV[1]   token  of this call: the id of a new clock is made of it and of the server's time, so that a copy of this
                   command that arrives late makes another

  State of the key                becomes                          reply
  a clock                         at the server's time, if later   {id, reading}
  absent                          a clock, with a fresh id         {id, reading}
  anything else                   a clock, with a fresh id         {id, reading}   a part of it was lost
]]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.pcall('HMGET', KEYS[1], 'id', 'clock', 'floor')
local id, clock, floor = known[1], tonumber(known[2] or ''), tonumber(known[3] or '')
if known.err or not (id and #id == 16 and clock and floor and #known[3] == 16) then
  id, clock = string.sub(redis.sha1hex(ARGV[1] .. time[1] .. '.' .. time[2]), 1, 16), 0
  redis.call('UNLINK', KEYS[1])
  redis.call('HSET', KEYS[1], 'id', id, 'floor', string.format('%016.0f', now))
end

local reading = string.format('%016.0f', math.max(clock, now))
redis.call('HSET', KEYS[1], 'clock', reading)
return {id, reading}
