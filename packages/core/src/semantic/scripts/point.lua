--[[ point: let a question be found, and keep what is found within its bound.

  Keeps     An index that only points: sent twice, or late, it is the same pointer.   docs/semantic.md

  Nothing is ever removed from a vector set, one by one: Redis crashes when it mends the graph around what it takes out
  (redis/redis #15424), and adding what is there already takes it out too. When a set is full it takes the place of the one
  before, which goes as a whole; what is over stays until then, and is not found.

  KEYS[1]   newer   a vector set
  KEYS[2]   older   the one before, in the same slot
  ARGV[1]   limit   how many elements there may be in each, >= 1
  ARGV[2]   ttl     milliseconds, >= 1: how long its answer is kept
  ARGV[3]   id      the element
  ARGV[4]   vector  32-bit floats; always the same for an id

  State of newer              becomes                                        older becomes
  absent                      the element; expires after ttl                 as it was
  has the element             the element, with this time                    as it was
  fewer than limit            one more                                       as it was
  limit or more               the element alone; expires after ttl           what newer was
  expires before ttl is over  expires after ttl                              as it was
]]
local newer, older, limit, ttl, id = KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local attributes = string.format('{"until":%.0f}', time[1] * 1000 + math.floor(time[2] / 1000) + ttl)

if redis.call('VSETATTR', newer, id, attributes) == 0 then
  if (redis.call('VCARD', newer) or 0) >= limit then
    redis.call('UNLINK', older)
    redis.call('RENAME', newer, older)
  end
  redis.call('VADD', newer, 'FP32', ARGV[4], id, 'NOQUANT', 'SETATTR', attributes)
end
if redis.call('PTTL', newer) < ttl then redis.call('PEXPIRE', newer, ttl) end
return 'OK'
