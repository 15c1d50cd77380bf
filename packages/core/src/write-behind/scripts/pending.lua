--[[ pending: the newest value of a key that is not written.

  Keeps     Who asks this before the database sees no value that is older than an accepted put.   docs/write-behind.md

  KEYS[1]   the stream
  KEYS[2]   newest  a hash: the id of each key's newest entry that is not written
  ARGV[1]   key

  State of newest         becomes      reply
  no id for the key       unchanged    nil
  an entry's id           unchanged    its codec and value
  an id without entry     unchanged    nil           the stream was lost, and not this
]]
local id = redis.call('HGET', KEYS[2], ARGV[1])
if not id then return false end

local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
return entry and {entry[2][4], entry[2][6]}
