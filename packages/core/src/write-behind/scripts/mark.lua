--[[ mark: entries are written, or given up. What is cached of their keys has to go, where nothing newer waits.

  Keeps     A put that waits stays cached while older ones of its key are written.   docs/write-behind.md

  KEYS[1]   the stream
  KEYS[2]   newest  a hash: the id of each key's newest entry that is not written
  ARGV[…]   id, key of each entry

  State of newest             becomes      reply, of each
  this entry's id             no id        1
  no id for the key           unchanged    1
  another entry's id          unchanged    0
  an id without entry         no id        1   the stream was lost, and not this
]]
local gone = {}
for at = 1, #ARGV, 2 do
  local newest = redis.call('HGET', KEYS[2], ARGV[at + 1])
  local waits = newest and newest ~= ARGV[at] and #redis.call('XRANGE', KEYS[1], newest, newest) > 0
  if newest and not waits then redis.call('HDEL', KEYS[2], ARGV[at + 1]) end
  gone[#gone + 1] = waits and 0 or 1
end
return gone
