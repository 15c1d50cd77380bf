--[[ bump: set tags forward, so that everything loaded before with one of them is void or expired, however much that is.

  Keeps     A load that began before has an earlier moment than these readings. A writer who dies leaves nothing
            stale, once its time is over.   docs/guarantees.md, P1, P4

  KEYS[1]   the tag clock of a namespace, a hash
  ARGV[1]   token   of this call, for the id of a new clock: see moment
  ARGV[2]   what    void · expire · raise: void until a writer is done, at most for ahead · lower: that writer is done
  ARGV[3]   ahead   how far in the future, in milliseconds; 0
  ARGV[4]   writer  its token, 22 characters, or ''
  ARGV[5]   kept    tags that were last set forward longer ago than this may go, in milliseconds
  ARGV[6…]  the tags

  Fields of the hash, readings in microseconds of 16 digits:
  id        of this clock; the entries carry it
  clock     the last reading that was given
  due       readings ahead of the clock, the first first: once the server's time is there, the next moment brings the clock
            forward. They are rounded up, by a sixteenth of how far ahead they are at most, so that there are few
  floor     the reading of every tag that has no field
  :<tag>    <void before><expired before>, while writers are at work followed by the first without them, and by
            each writer's token and end

  State of a tag               becomes
  void, ahead                  void before now + ahead, if that is later; and before the end of each writer
  expire                       expired before now
  raise                        void before now + ahead; the writer is there until then
  lower, ahead                 as void, without the writer
  Writers whose time is over   left out; void before their end
  the key was no clock         a new one with a fresh id, and then as above

  Replies   1 done · 0 raise, and each part of the writer was there already
  Cost      the same for any number of entries. Of old tags a few go with each call.
]]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.pcall('HMGET', KEYS[1], 'id', 'clock', 'floor', 'due')
local id, clock, floor, dues = known[1], tonumber(known[2] or ''), tonumber(known[3] or ''), known[4]
if known.err or not (id and #id == 16 and clock and floor and #known[3] == 16 and dues) then
  clock, floor, dues = 0, now, ''
  redis.call('UNLINK', KEYS[1])
  id = string.sub(redis.sha1hex(ARGV[1] .. time[1] .. '.' .. time[2]), 1, 16)
  redis.call('HSET', KEYS[1], 'id', id, 'floor', string.format('%016.0f', floor))
end
clock = math.max(clock, now) + 1

local what, writer = ARGV[2], ARGV[4]
local forward = clock + ARGV[3] * 1000
local reply = what == 'raise' and 0 or 1

local due = {}
if forward > clock then
  local step = 2 ^ math.floor(math.log(forward - clock) / math.log(2) - 4)
  due[1] = string.format('%016.0f', math.ceil(forward / step) * step)
end
for reading in string.gmatch(dues, string.rep('%d', 16)) do
  if tonumber(reading) > clock and reading ~= due[1] then table.insert(due, reading) end
end
table.sort(due)

for at = 6, #ARGV do
  local raw = redis.call('HGET', KEYS[1], ':' .. ARGV[at]) or ''
  local void = tonumber(string.sub(raw, #raw > 32 and 33 or 1, #raw > 32 and 48 or 16)) or floor
  local expired = tonumber(string.sub(raw, 17, 32)) or 0
  local writers, last, stood = {}, 0, false
  for part = 49, #raw, 38 do
    local token, ends = string.sub(raw, part, part + 21), tonumber(string.sub(raw, part + 22, part + 37)) or 0
    if ends <= now then
      void = math.max(void, ends)
    elseif token == writer then
      stood = true
    else
      table.insert(writers, string.sub(raw, part, part + 37))
      last = math.max(last, ends)
    end
  end

  if what == 'expire' then
    expired = math.max(expired, forward)
  elseif what == 'raise' then
    table.insert(writers, writer .. string.format('%016.0f', forward))
    last = math.max(last, forward)
    if not stood then reply = 1 end
  else
    void = math.max(void, forward)
  end
  local reading = string.format('%016.0f%016.0f', math.max(void, last), expired)
  if #writers > 0 then reading = reading .. string.format('%016.0f', void) .. table.concat(writers) end
  redis.call('HSET', KEYS[1], ':' .. ARGV[at], reading)
end

local oldest, sampled = now - ARGV[5] * 1000, redis.call('HRANDFIELD', KEYS[1], 8, 'WITHVALUES')
for at = 1, #sampled, 2 do
  local reading = math.max(tonumber(string.sub(sampled[at + 1], 1, 16)) or now, tonumber(string.sub(sampled[at + 1], 17, 32)) or 0)
  if string.sub(sampled[at], 1, 1) == ':' and reading < oldest then
    redis.call('HDEL', KEYS[1], sampled[at])
    floor = math.max(floor, reading)
  end
end
local reading, lowest = string.format('%016.0f', clock), string.format('%016.0f', floor)
redis.call('HSET', KEYS[1], 'clock', reading, 'floor', lowest, 'due', table.concat(due))
return reply
