--[[ bury: entries that cannot be written become dead letters, and are acknowledged by the same step.

  Keeps     No entry is lost between the two, and a process whose turn is over buries nothing.   docs/write-behind.md

  KEYS[1]   the stream
  KEYS[2]   the lease
  KEYS[3]   the dead letters
  ARGV[1]   head      of the lease that the caller holds
  ARGV[2]   limit     how many dead letters are kept, >= 1
  ARGV[3]   error     why
  ARGV[4]   attempts  how often the entry was tried
  ARGV[…]   ids

  State                          becomes            reply
  lease absent or another's      unchanged          -1
  entry                          a dead letter      how many of the oldest were dropped for it
  entry absent                   unchanged          0

  Cost      the value is not sent; the acknowledgement comes first, so that a Redis without memory takes the rest too
]]
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end

local dropped = 0
for at = 5, #ARGV do
  local entry = redis.call('XRANGE', KEYS[1], ARGV[at], ARGV[at])[1]
  redis.call('XACK', KEYS[1], 'writers', ARGV[at])
  redis.call('XDEL', KEYS[1], ARGV[at])
  if entry then
    local before = redis.call('XLEN', KEYS[3])
    local letter = {'error', ARGV[3], 'attempts', ARGV[4], 'entry', ARGV[at], unpack(entry[2])}
    redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[2], '*', unpack(letter))
    dropped = dropped + before + 1 - redis.call('XLEN', KEYS[3])
  end
end
return dropped
