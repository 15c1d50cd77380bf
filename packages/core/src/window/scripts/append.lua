--[[ append: add the newest items to a window that is cached, take off what is too old for it then, and begin its TTL
  anew: that which it was filled with.

  Keeps     A window is appended to only if nothing else has happened to it since its writer has opened it.
            docs/guarantees.md, P1

  KEYS[1]   the window
  ARGV[1]   opened  the id that its writer has given it
  ARGV[2]   id      of the window from then on, 22 characters
  ARGV[3]   most    how many items are kept, >= 1
  ARGV[4]   budget  what the weights of those may sum to, or '': they have none. The newest is kept whatever it weighs
  ARGV[5…]  items   oldest first; with a budget each begins with its weight, and a space

  State of the key        becomes                         reply
  window, opened          with the items, id and TTL      1   unmarked
  window, this very one   unchanged                       1   a resent command
  window, another         unchanged                       0   it was loaded again
  lease                   unchanged                       0
  barrier                 unchanged                       0
  absent                  absent                          0
  anything else           unchanged                       0

  Replies   1 accepted · 0 rejected
  Cost      the items that are added; with a budget, those that are kept are read
]]
if redis.call('TYPE', KEYS[1]).ok ~= 'list' then return 0 end
local header = redis.call('LINDEX', KEYS[1], 0)
local head = string.sub(header, 1, 23)
if head == 'V' .. ARGV[2] then return 1 end
if head ~= 'V' .. ARGV[1] then return 0 end

-- First what Redis refuses when its memory is full: nothing has changed then.
for from = 5, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
redis.call('LPOP', KEYS[1])

local function within(budget)
  local count = 0
  for last = -1, -redis.call('LLEN', KEYS[1]), -100 do
    local some = redis.call('LRANGE', KEYS[1], last - 99, last)
    for at = #some, 1, -1 do
      budget = budget - (tonumber(string.match(some[at], '^%d+')) or 0)
      if budget < 0 and count > 0 then return count end
      count = count + 1
    end
  end
  return count
end
local kept = tonumber(ARGV[3])
if ARGV[4] ~= '' then kept = math.min(kept, within(tonumber(ARGV[4]))) end
if kept > 0 then redis.call('LTRIM', KEYS[1], -kept, -1) end

local time = redis.call('TIME')
local ttl = tonumber(string.sub(header, 52, 61))
local ends = string.format('%013.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ttl)
redis.call('LPUSH', KEYS[1], 'V' .. ARGV[2] .. '3-' .. string.rep('0', 13) .. ends .. string.sub(header, 52))
redis.call('PEXPIRE', KEYS[1], ttl)
return 1
