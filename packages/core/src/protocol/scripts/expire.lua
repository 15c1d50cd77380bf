--[[ expire: end the freshness of a value. It is kept as what is served if its loader fails.

  Keeps     No load that was begun before can fill the key.   docs/guarantees.md, P1

  KEYS[1]   the entry
  ARGV[1]   token  of this call: the new id is made of it and of the old one, so that a copy of this command
                   that arrives late cannot bring an id back

  State of the key        becomes                  reply
  value                   value, expired by call   1   unmarked, with a fresh id, its TTL as before
  lease                   absent                   1
  record, window          absent                   1   there is no load that it could be kept for
  the same, marked        barrier                  1   of its writer, with x, until its mark ends
  barrier                 with x                   1   nothing can be filled while it stands, nor stored when it is lowered
  absent                  absent                   1
  anything else           absent                   1   not an entry of this version

  Cost      51 bytes are written, whatever the size of the payload
]]
local header = redis.pcall('GETRANGE', KEYS[1], 0, 23)
if type(header) ~= 'string' then -- another type of key
  local kind = redis.call('TYPE', KEYS[1]).ok
  header = kind == 'hash' and redis.call('HGET', KEYS[1], '@') or kind == 'list' and redis.call('LINDEX', KEYS[1], 0) or ''
  local time = redis.call('TIME')
  local left = (tonumber(string.sub(header, 26, 38)) or 0) - time[1] * 1000 - math.floor(time[2] / 1000)
  if string.sub(header, 24, 25) == '3w' and left > 0 then
    local barrier = 'Bx' .. string.sub(header, 2, 23) .. string.sub(header, 26, 38)
    if not redis.pcall('SET', KEYS[1], barrier, 'PX', string.format('%.0f', left)).err then return 1 end -- memory is not full
  end
  header = ''
end

local state = string.sub(header, 1, 1)
local length = header ~= '' and redis.call('STRLEN', KEYS[1]) or 0
if state == 'V' and string.sub(header, 24, 24) == '3' and length > 88 then
  local id = string.sub(redis.sha1hex(ARGV[1] .. header), 1, 22)
  redis.call('SETRANGE', KEYS[1], 0, 'V' .. id .. '3-' .. string.rep('0', 26))
elseif state ~= 'B' or length < 37 or (length - 2) % 35 ~= 0 then
  redis.call('UNLINK', KEYS[1])
else
  redis.call('SETRANGE', KEYS[1], 1, 'x')
end
return 1
