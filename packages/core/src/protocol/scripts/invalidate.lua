--[[ invalidate: void value and lease of keys, and leave the writers who are at work alone.

  Keeps     What was loaded before is not read after, and what is being loaded cannot be filled.
            A writer who dies leaves nothing stale behind.   docs/guarantees.md, P1, P4

  KEYS[…]   the entries; in a cluster of one slot

  State of a key          becomes      reply
  value                   absent       1
  lease                   absent       1
  barrier                 with x       1   nothing can be filled while it stands, nor stored when it is lowered
  absent                  absent       1
  anything else           absent       1
]]
for _, key in ipairs(KEYS) do
  local state = redis.pcall('GETRANGE', key, 0, 0)
  local length = state == 'B' and redis.call('STRLEN', key) or 0
  if length < 37 or (length - 2) % 35 ~= 0 then
    redis.call('UNLINK', key)
  else
    redis.call('SETRANGE', key, 1, 'x')
  end
end
return 1
