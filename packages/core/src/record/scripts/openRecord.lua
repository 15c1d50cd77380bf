--[[ openRecord: mark a cached record as its writer's, before the write. It is served meanwhile.

  Keeps     Two writers do not both change a record in place, and one that follows a writer who died does not either. What a
            dead writer left is not served for longer than its mark stands.   docs/guarantees.md, P1, P4

  KEYS[1]   the record
  ARGV[1]   id      of the record from then on, 22 characters
  ARGV[2]   ttl     how long the mark stands, in milliseconds, >= 1
  ARGV[3]   format  that it has to have: its codec, and version

  State of the key          becomes                       reply
  record                    with the id, marked w         1   it stands at least as long as its mark
  record, this very one     unchanged                     1   a resent command
  record, marked            unchanged                     0   another writer is at work, or has died
  record, another format    unchanged                     0   written by another version
  "does not exist"          unchanged                     0
  lease                     unchanged                     0
  barrier                   unchanged                     0
  absent                    absent                        0
  anything else             unchanged                     0

  Replies   1 opened · 0 not
]]
local header = redis.pcall('HGET', KEYS[1], '@')
if type(header) ~= 'string' or #header <= 88 then return 0 end
if string.sub(header, 1, 23) == 'V' .. ARGV[1] then return 1 end
if string.sub(header, 1, 1) .. string.sub(header, 24, 25) .. string.sub(header, 70, 70) ~= 'V3-v' then return 0 end
if string.match(string.sub(header, 89), '^[^ ]*') ~= ARGV[3] then return 0 end -- it has no tags

local time = redis.call('TIME')
local stands = string.format('%013.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2])
redis.call('HSET', KEYS[1], '@', 'V' .. ARGV[1] .. '3w' .. stands .. string.sub(header, 39))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
