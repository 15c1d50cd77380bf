--[[ clear: void every entry of a namespace, however many there are: the next generation begins.

  Keeps     What was loaded before is not read after, and what is being loaded is void when it is filled.   docs/guarantees.md, P1

  KEYS[1]   the generation
  ARGV[1]   token   of this call: the new one is made of it, of the old one and of the server's time, so that a copy of
                    this command that arrives late clears again, and brings nothing back
  ARGV[2]   settle  how long nothing is to be filled yet, in milliseconds; 0

  State of the key            becomes                                   reply
  a generation                another                                   1
  a generation, settle given  ! and 15 characters, for that long        1
  still settling              ! and 15 others, for the longer time      1   nothing can have been filled since
  absent                      as a generation                           1
  anything else               as a generation                           1
]]
local standing = redis.pcall('GET', KEYS[1])
if type(standing) ~= 'string' then standing = '' end -- absent, or another type of key

local time = redis.call('TIME')
local fresh = string.sub(redis.sha1hex(ARGV[1] .. standing .. time[1] .. '.' .. time[2]), 1, 16)
local settle = tonumber(ARGV[2])
if #standing == 16 and string.sub(standing, 1, 1) == '!' then settle = math.max(settle, redis.call('PTTL', KEYS[1])) end

if settle > 0 then
  redis.call('SET', KEYS[1], '!' .. string.sub(fresh, 2), 'PX', string.format('%.0f', settle))
else
  redis.call('SET', KEYS[1], fresh)
end
return 1
