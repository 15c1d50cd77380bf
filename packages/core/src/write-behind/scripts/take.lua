--[[ take: the next entries to write, for the process whose turn it is.

  Keeps     One process at a time has entries to write: the order of a key is the order of its puts. Entries that a
            process has taken and not settled are the first that its successor takes.   docs/write-behind.md

  KEYS[1]   the stream
  KEYS[2]   the lease
  ARGV[1]   head    of the lease that the caller holds
  ARGV[2]   after   where to begin among the entries that were taken before: '-', or '(' and an id
  ARGV[3]   count   how many, >= 1

  State                          becomes            reply
  lease absent or another's      unchanged          0
  no stream, or no group in it   a group from 0     as below
  entries taken before           unchanged          {id, deliveries, fields} of each, oldest first
  one of them was deleted        taken out          nothing of it
  entries not taken yet          taken              {id, 0, fields} of each, behind those
  none                           unchanged          {}
]]
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end

local pending = redis.pcall('XPENDING', KEYS[1], 'writers', ARGV[2], '+', ARGV[3])
if pending.err then
  redis.call('XGROUP', 'CREATE', KEYS[1], 'writers', '0', 'MKSTREAM')
  pending = {}
end

local taken = {}
for _, delivery in ipairs(pending) do
  local entry = redis.call('XRANGE', KEYS[1], delivery[1], delivery[1])[1]
  if entry then
    taken[#taken + 1] = {delivery[1], delivery[4], entry[2]}
  else
    redis.call('XACK', KEYS[1], 'writers', delivery[1])
  end
end

local room = ARGV[3] - #pending
local new = room > 0
  and redis.call('XREADGROUP', 'GROUP', 'writers', 'writer', 'COUNT', room, 'STREAMS', KEYS[1], '>')
for _, entry in ipairs(new and new[1][2] or {}) do taken[#taken + 1] = {entry[1], 0, entry[2]} end
return taken
