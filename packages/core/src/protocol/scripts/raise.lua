--[[ raise: put up a writer's barrier, or keep it up while the write runs. Value and lease are void, and readers load without filling.

  Keeps     A writer who dies after this leaves nothing stale, once its time is over.   docs/guarantees.md, P4

  KEYS[1]   the entry
  ARGV[1]   token  of this writer, 22 characters
  ARGV[2]   ttl    how long the writer's part stands, in milliseconds, >= 1

  A barrier is B, then - or x if another writer was at work meanwhile, then each writer's token and end in server time.
  Writers whose time is over are left out.

  State of the key          becomes                      reply
  barrier, mine in it       barrier, mine with new end   0
  barrier of others         barrier with x, mine added   1
  value, lease              barrier of mine              1
  record, window, marked    barrier with x, mine added   1   its writer goes on: it is in the barrier, until its mark ends
  absent                    barrier of mine              1
  anything else             barrier of mine              1

  Replies   1 raised · 0 it was up
]]
local raw = redis.pcall('GET', KEYS[1])
if type(raw) == 'table' then -- another type of key: a record or a window has its writer in its header
  local kind = redis.call('TYPE', KEYS[1]).ok
  raw = kind == 'hash' and redis.call('HGET', KEYS[1], '@') or kind == 'list' and redis.call('LINDEX', KEYS[1], 0) or ''
  raw = string.sub(raw, 24, 25) == '3w' and 'B-' .. string.sub(raw, 2, 23) .. string.sub(raw, 26, 38) or ''
end
raw = raw or ''
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local met, others, last, wasUp = '-', {}, now + ARGV[2], 1
if string.sub(raw, 1, 1) == 'B' and (#raw - 2) % 35 == 0 then
  for at = 3, #raw, 35 do
    local token, ends = string.sub(raw, at, at + 21), tonumber(string.sub(raw, at + 22, at + 34)) or 0
    if token == ARGV[1] then
      wasUp = 0
    elseif ends > now then
      table.insert(others, string.sub(raw, at, at + 34))
      last = math.max(last, ends)
    end
  end
  if #others > 0 or wasUp == 0 then met = string.sub(raw, 2, 2) end
  if #others > 0 then met = 'x' end
end

local mine = ARGV[1] .. string.format('%013.0f', now + ARGV[2])
redis.call('SET', KEYS[1], 'B' .. met .. table.concat(others) .. mine, 'PX', string.format('%.0f', last - now))
return wasUp
