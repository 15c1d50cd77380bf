--[[ lower: take down a writer's barrier, once its write is over.

  Keeps     Where the barrier has fallen before its writer was done, whatever was filled goes.   docs/guarantees.md, P1, P4

  KEYS[1]   the entry
  ARGV[1]   token   of this writer
  ARGV[2]   settle  how long nothing is to be filled yet, in milliseconds; 0
  ARGV[3]   entry   what was written, header and payload, or ''
  ARGV[4]   fresh   soft TTL in milliseconds, of an entry
  ARGV[5]   ttl     hard TTL in milliseconds, of an entry

  State of the key                         becomes                  reply
  barrier, mine alone, entry given         value                    2
  barrier, mine alone                      absent                   1
  barrier, mine and x, alone now           absent                   1   another writer was here: which came last?
  barrier, mine and others'                barrier of the others    1
  barrier of others                        with x                   1   mine had fallen, and they do not know of me
  value, this very one                     unchanged                2   a resent command
  value, lease                             absent                   1
  record, window                           absent                   1
  the same, marked by another              barrier with x           1   of its writer, until its mark ends
  absent                                   absent                   1
  anything else                            absent                   1
  any of the others, settle given          barrier until then       1

  Replies   2 stored · 1 lowered
]]
local raw = redis.pcall('GET', KEYS[1])
if type(raw) == 'table' then -- another type of key: a record or a window has its writer in its header
  local kind = redis.call('TYPE', KEYS[1]).ok
  raw = kind == 'hash' and redis.call('HGET', KEYS[1], '@') or kind == 'list' and redis.call('LINDEX', KEYS[1], 0) or ''
  raw = string.sub(raw, 24, 25) == '3w' and 'B-' .. string.sub(raw, 2, 23) .. string.sub(raw, 26, 38) or ''
end
raw = raw or ''
if ARGV[3] ~= '' and string.sub(raw, 1, 23) == string.sub(ARGV[3], 1, 23) then return 2 end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local settle = tonumber(ARGV[2])

local met, others, last, mine = '-', {}, now, false
if string.sub(raw, 1, 1) == 'B' and (#raw - 2) % 35 == 0 then
  met = string.sub(raw, 2, 2)
  for at = 3, #raw, 35 do
    local ends = tonumber(string.sub(raw, at + 22, at + 34)) or 0
    if string.sub(raw, at, at + 21) == ARGV[1] then
      mine = true
    elseif ends > now then
      table.insert(others, string.sub(raw, at, at + 34))
      last = math.max(last, ends)
    end
  end
  if not mine then met = 'x' end
end

if ARGV[3] ~= '' and mine and #others == 0 and met == '-' and settle == 0 then
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[5])
  redis.call('SETRANGE', KEYS[1], 38, string.format('%013.0f', now + ARGV[4]))
  return 2
end

if settle > 0 then
  table.insert(others, ARGV[1] .. string.format('%013.0f', now + settle))
  last = math.max(last, now + settle)
  met = 'x'
end
if #others == 0 then
  redis.call('UNLINK', KEYS[1])
else
  redis.call('SET', KEYS[1], 'B' .. met .. table.concat(others), 'PX', string.format('%.0f', last - now))
end
return 1
