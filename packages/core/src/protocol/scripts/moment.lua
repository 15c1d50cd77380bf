--[[ moment: read the tag clock before a load with tags begins, and make one where there is none.

  Keeps     Whatever is voided by a tag from now on has a later reading than this. Near caches are told of every write to
            the clock, and drop what has tags: a load writes only where a reading is due.   docs/guarantees.md, P1

  KEYS[1]   the tag clock, a hash: see bump
  ARGV[1]   token  of this call: the id of a new clock is made of it and of the server's time, so that a copy of this
                   command that arrives late makes another

  State of the key                  becomes                      reply
  a clock                           unchanged                    {id, its reading}
  a clock, a reading of it is due   at the server's time         {id, its reading}   once for all that are due
  absent                            a clock, with a fresh id     {id, its reading}   at the server's time
  anything else                     a clock, with a fresh id     {id, its reading}   a part of it was lost
]]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.pcall('HMGET', KEYS[1], 'id', 'clock', 'floor', 'due')
local id, clock, floor, due = known[1], tonumber(known[2] or ''), tonumber(known[3] or ''), known[4]
if known.err or not (id and #id == 16 and clock and floor and #known[3] == 16 and due) then
  id, clock = string.sub(redis.sha1hex(ARGV[1] .. time[1] .. '.' .. time[2]), 1, 16), 0
  due = string.rep('0', 16) -- at once
  redis.call('UNLINK', KEYS[1])
  redis.call('HSET', KEYS[1], 'id', id, 'floor', string.format('%016.0f', now))
end

local function isDue() return (tonumber(string.sub(due, 1, 16)) or now + 1) <= now end
if isDue() then
  clock = math.max(clock, now)
  while isDue() do due = string.sub(due, 17) end
  redis.call('HSET', KEYS[1], 'clock', string.format('%016.0f', clock), 'due', due)
end
return {id, string.format('%016.0f', clock)}
