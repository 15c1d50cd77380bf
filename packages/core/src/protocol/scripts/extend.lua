--[[ extend: keep the right to load a key while its loader runs, or put off the next load of one that failed.

  Keeps     Only who has the right lengthens it.   docs/guarantees.md, P5

  KEYS[1]   the entry
  ARGV[1]   expected  the head of the lease, or of the value that is refreshed
  ARGV[2]   ttl       in milliseconds from now, >= 1
  ARGV[3]   mark      r: a refresh is under way · f: one has failed

  State of the key        becomes            reply
  lease, expected         new TTL            1
  lease, another          unchanged          0
  value, expected, r      marked for ttl     1   it stands at least as long, or, if it was expired by call, as before
  value, expected, f      marked for ttl     1   its TTL as before
  value, another          unchanged          0
  barrier                 unchanged          0
  absent                  absent             0
  anything else           unchanged          0

  Replies   1 extended · 0 lost
]]
local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)
if head ~= ARGV[1] then return 0 end

local left = redis.call('PTTL', KEYS[1])
if string.sub(head, 1, 1) == 'V' then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('SETRANGE', KEYS[1], 24, ARGV[3] .. string.format('%013.0f', now + ARGV[2]))
  local byCall = redis.call('GETRANGE', KEYS[1], 38, 50) == string.rep('0', 13)
  if ARGV[3] == 'f' or byCall or left < 0 or left >= tonumber(ARGV[2]) then return 1 end
end

redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
