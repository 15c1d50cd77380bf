--[[ settle: acknowledge entries that are written, and take them out.

  KEYS[1]   the stream
  ARGV[…]   ids

  State of an entry       becomes      reply
  taken                   absent       how many were there
  not taken               absent       how many were there   its group was lost and made again
  absent                  absent       how many were there
]]
local settled = 0
for _, id in ipairs(ARGV) do
  redis.call('XACK', KEYS[1], 'writers', id)
  settled = settled + redis.call('XDEL', KEYS[1], id)
end
return settled
