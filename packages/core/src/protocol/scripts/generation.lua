--[[ generation: what the namespace is at, and a new one where there is none.

  Keeps     A generation that was lost does not come back, and with it nothing that a clear had voided.   docs/guarantees.md, P1

  KEYS[1]   the generation
  ARGV[1]   token  of this call: the new one is made of it and of the server's time, so that a copy of this command that
                   arrives late makes another

  State of the key        becomes          reply
  16 characters           unchanged        it
  absent                  16 characters    it
  anything else           16 characters    it
]]
local standing = redis.pcall('GET', KEYS[1])
if type(standing) == 'string' and #standing == 16 then return standing end

local time = redis.call('TIME')
local fresh = string.sub(redis.sha1hex(ARGV[1] .. time[1] .. '.' .. time[2]), 1, 16)
redis.call('SET', KEYS[1], fresh)
return fresh
