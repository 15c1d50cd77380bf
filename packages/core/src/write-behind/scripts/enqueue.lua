--[[ enqueue: take a value that is to be written, unless too many wait already.

  Keeps     What is accepted is in the stream; the newest of a key is known by the same step.   docs/write-behind.md

  KEYS[1]   the stream
  KEYS[2]   newest  a hash: the id of each key's newest entry that is not written
  ARGV[1]   limit   how many entries may wait, >= 1
  ARGV[2]   key
  ARGV[3]   codec   by which the value was encoded
  ARGV[4]   value

  State of the stream     becomes      reply
  absent                  one entry    its id
  fewer than limit        one more     its id
  limit or more           unchanged    how many there are
]]
local waiting = redis.call('XLEN', KEYS[1])
if waiting >= tonumber(ARGV[1]) then return waiting end

local id = redis.call('XADD', KEYS[1], '*', 'key', ARGV[2], 'codec', ARGV[3], 'value', ARGV[4])
redis.call('HSET', KEYS[2], ARGV[2], id)
return id
