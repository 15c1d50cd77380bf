--[[ invalidate: void value and lease of keys, and leave the writers who are at work alone.

  Keeps     What was loaded before is not read after, and what is being loaded cannot be filled.
            A writer who dies leaves nothing stale behind.   docs/guarantees.md, P1, P4

  KEYS[…]   the entries; in a cluster of one slot

  State of a key          becomes      reply
  value                   absent       1
  lease                   absent       1
  barrier                 with x       1   nothing can be filled while it stands, nor stored when it is lowered
  record, window          absent       1
  the same, marked        barrier      1   of its writer, with x, until its mark ends
  absent                  absent       1
  anything else           absent       1
]]
local function keepWriter(key)
  local kind = redis.call('TYPE', key).ok
  local header = kind == 'hash' and redis.call('HGET', key, '@') or kind == 'list' and redis.call('LINDEX', key, 0) or ''
  if string.sub(header, 24, 25) ~= '3w' then return end
  local time = redis.call('TIME')
  local left = (tonumber(string.sub(header, 26, 38)) or 0) - time[1] * 1000 - math.floor(time[2] / 1000)
  if left < 1 then return end
  local barrier = 'Bx' .. string.sub(header, 2, 23) .. string.sub(header, 26, 38)
  return not redis.pcall('SET', key, barrier, 'PX', string.format('%.0f', left)).err -- Where memory is full, it is not kept.
end

for _, key in ipairs(KEYS) do
  local state = redis.pcall('GETRANGE', key, 0, 0)
  local length = state == 'B' and redis.call('STRLEN', key) or 0
  if type(state) == 'table' and keepWriter(key) then
    -- It goes on, and nothing is to be filled meanwhile.
  elseif length < 37 or (length - 2) % 35 ~= 0 then
    redis.call('UNLINK', key)
  else
    redis.call('SETRANGE', key, 1, 'x')
  end
end
return 1
