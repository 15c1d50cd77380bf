--[[ expire: end the freshness of a value. It is kept as what is served if its loader fails.

  Keeps     No load that was begun before can fill the key.   docs/guarantees.md, P1

  KEYS[1]   the entry
  ARGV[1]   token  of this call: the new id is made of it and of the old one, so that a copy of this command
                   that arrives late cannot bring an id back

  State of the key        becomes                  reply
  value                   value, expired by call   1   unmarked, with a fresh id, its TTL as before
  lease                   absent                   1
  barrier                 with x                   1   nothing can be filled while it stands, nor stored when it is lowered
  absent                  absent                   1
  anything else           absent                   1   not an entry of this version

  Cost      51 bytes are written, whatever the size of the payload
]]
local header = redis.pcall('GETRANGE', KEYS[1], 0, 23)
if type(header) ~= 'string' then header = '' end -- another type of key

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
