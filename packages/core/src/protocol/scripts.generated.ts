// Made from scripts/*.lua by `pnpm gen:scripts`.

/** A Lua script, and the hash by which a server knows it. */
export interface Script {
  readonly name: string
  readonly sha1: string
  readonly source: string
}

export const acquireScript: Script = {
  name: 'acquire',
  sha1: 'ef48b9fcd4e56ad235cb2b3695f0a88e15ef13c9',
  source: [
    "local header = redis.pcall('GETRANGE', KEYS[1], 0, 50)",
    "if type(header) ~= 'string' then header = '' end -- another type of key",
    "",
    "local head, state = string.sub(header, 1, 23), string.sub(header, 1, 1)",
    "if (state == 'L') ~= (#header == 23) then state = '' end -- cut, or with something behind it",
    "if state == 'B' and (redis.call('STRLEN', KEYS[1]) - 2) % 35 ~= 0 then state = '' end",
    "if head == 'L' .. ARGV[1] then return {1} end",
    "",
    "if #head == 23 and head ~= ARGV[3] then",
    "  local left = redis.call('PTTL', KEYS[1])",
    "  if state == 'L' and left >= 0 then return {0, left} end",
    "  if state == 'B' and left >= 0 then return {4} end",
    "  if state == 'V' and head ~= ARGV[4] then return {2, redis.call('GET', KEYS[1])} end",
    "  if state == 'V' then",
    "    local time = redis.call('TIME')",
    "    local now = time[1] * 1000 + math.floor(time[2] / 1000)",
    "    local standing = (tonumber(string.sub(header, 26, 38)) or 0) - now",
    "    if string.sub(header, 25, 25) == 'r' and standing > 0 then return {0, standing} end",
    "    redis.call('SETRANGE', KEYS[1], 24, 'r' .. string.format('%013.0f', now + ARGV[2]))",
    "    local byCall = string.sub(header, 39, 51) == string.rep('0', 13)",
    "    if left >= 0 and left < tonumber(ARGV[2]) and not byCall then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end",
    "    return {3}",
    "  end",
    "end",
    "",
    "redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])",
    "return {1}",
  ].join('\n'),
}

export const claimScript: Script = {
  name: 'claim',
  sha1: '56b9f3487585b955db0f9cecdcb16f8838e9fce6',
  source: [
    "if redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('GETRANGE', KEYS[1], 0, 0) == 'B' then",
    "  local length = redis.call('STRLEN', KEYS[1])",
    "  if length >= 37 and (length - 2) % 35 == 0 and redis.call('PTTL', KEYS[1]) >= 0 then",
    "    redis.call('SETRANGE', KEYS[1], 1, 'x')",
    "    return 0",
    "  end",
    "end",
    "",
    "redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])",
    "return 1",
  ].join('\n'),
}

export const expireScript: Script = {
  name: 'expire',
  sha1: '641910939f70ca29851bded5fdfec49a963fa5f9',
  source: [
    "local header = redis.pcall('GETRANGE', KEYS[1], 0, 23)",
    "if type(header) ~= 'string' then header = '' end -- another type of key",
    "",
    "local state = string.sub(header, 1, 1)",
    "local length = header ~= '' and redis.call('STRLEN', KEYS[1]) or 0",
    "if state == 'V' and string.sub(header, 24, 24) == '2' and length > 71 then",
    "  local id = string.sub(redis.sha1hex(ARGV[1] .. header), 1, 22)",
    "  redis.call('SETRANGE', KEYS[1], 0, 'V' .. id .. '2-' .. string.rep('0', 26))",
    "elseif state ~= 'B' or length < 37 or (length - 2) % 35 ~= 0 then",
    "  redis.call('UNLINK', KEYS[1])",
    "else",
    "  redis.call('SETRANGE', KEYS[1], 1, 'x')",
    "end",
    "return 1",
  ].join('\n'),
}

export const extendScript: Script = {
  name: 'extend',
  sha1: '8f7da18f18948244a8a7c5244e3fea26218ec88c',
  source: [
    "local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)",
    "if head ~= ARGV[1] then return 0 end",
    "",
    "local left = redis.call('PTTL', KEYS[1])",
    "if string.sub(head, 1, 1) == 'V' then",
    "  local time = redis.call('TIME')",
    "  local now = time[1] * 1000 + math.floor(time[2] / 1000)",
    "  redis.call('SETRANGE', KEYS[1], 24, ARGV[3] .. string.format('%013.0f', now + ARGV[2]))",
    "  local byCall = redis.call('GETRANGE', KEYS[1], 38, 50) == string.rep('0', 13)",
    "  if ARGV[3] == 'f' or byCall or left < 0 or left >= tonumber(ARGV[2]) then return 1 end",
    "end",
    "",
    "redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    "return 1",
  ].join('\n'),
}

export const fillScript: Script = {
  name: 'fill',
  sha1: 'a1a79e536831aad947f518a64bb4fde8d1e6c0a0',
  source: [
    "local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)",
    "if type(head) ~= 'string' then return 0 end",
    "",
    "if head == string.sub(ARGV[2], 1, 23) then return 1 end",
    "if head ~= ARGV[1] then return 0 end",
    "",
    "local time = redis.call('TIME')",
    "local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]",
    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])",
    "redis.call('SETRANGE', KEYS[1], 38, string.format('%013.0f', ends))",
    "return 1",
  ].join('\n'),
}

export const invalidateScript: Script = {
  name: 'invalidate',
  sha1: 'eac6b029e04be9e6d44d28a8a43f866a3c334bfa',
  source: [
    "for _, key in ipairs(KEYS) do",
    "  local state = redis.pcall('GETRANGE', key, 0, 0)",
    "  local length = state == 'B' and redis.call('STRLEN', key) or 0",
    "  if length < 37 or (length - 2) % 35 ~= 0 then",
    "    redis.call('UNLINK', key)",
    "  else",
    "    redis.call('SETRANGE', key, 1, 'x')",
    "  end",
    "end",
    "return 1",
  ].join('\n'),
}

export const lowerScript: Script = {
  name: 'lower',
  sha1: '9e47a1b50b48bbbbefe32353251fba68e7fa028a',
  source: [
    "local raw = redis.pcall('GET', KEYS[1])",
    "if type(raw) ~= 'string' then raw = '' end -- absent, or another type of key",
    "if ARGV[3] ~= '' and string.sub(raw, 1, 23) == string.sub(ARGV[3], 1, 23) then return 2 end",
    "",
    "local time = redis.call('TIME')",
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)",
    "local settle = tonumber(ARGV[2])",
    "",
    "local met, others, last, mine = '-', '', now, false",
    "if string.sub(raw, 1, 1) == 'B' and (#raw - 2) % 35 == 0 then",
    "  met = string.sub(raw, 2, 2)",
    "  for at = 3, #raw, 35 do",
    "    local ends = tonumber(string.sub(raw, at + 22, at + 34)) or 0",
    "    if string.sub(raw, at, at + 21) == ARGV[1] then",
    "      mine = true",
    "    elseif ends > now then",
    "      others = others .. string.sub(raw, at, at + 34)",
    "      last = math.max(last, ends)",
    "    end",
    "  end",
    "  if not mine then met = 'x' end",
    "end",
    "",
    "if ARGV[3] ~= '' and mine and others == '' and met == '-' and settle == 0 then",
    "  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[5])",
    "  redis.call('SETRANGE', KEYS[1], 38, string.format('%013.0f', now + ARGV[4]))",
    "  return 2",
    "end",
    "",
    "if settle > 0 then",
    "  others = others .. ARGV[1] .. string.format('%013.0f', now + settle)",
    "  last = math.max(last, now + settle)",
    "  met = 'x'",
    "end",
    "if others == '' then",
    "  redis.call('UNLINK', KEYS[1])",
    "else",
    "  redis.call('SET', KEYS[1], 'B' .. met .. others, 'PX', string.format('%.0f', last - now))",
    "end",
    "return 1",
  ].join('\n'),
}

export const raiseScript: Script = {
  name: 'raise',
  sha1: '41c81b8fd7938ac6640bdc29cb622b3ba6901a9b',
  source: [
    "local raw = redis.pcall('GET', KEYS[1])",
    "if type(raw) ~= 'string' then raw = '' end -- absent, or another type of key",
    "local time = redis.call('TIME')",
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)",
    "",
    "local met, others, last, wasUp = '-', '', now + ARGV[2], 1",
    "if string.sub(raw, 1, 1) == 'B' and (#raw - 2) % 35 == 0 then",
    "  for at = 3, #raw, 35 do",
    "    local token, ends = string.sub(raw, at, at + 21), tonumber(string.sub(raw, at + 22, at + 34)) or 0",
    "    if token == ARGV[1] then",
    "      wasUp = 0",
    "    elseif ends > now then",
    "      others = others .. string.sub(raw, at, at + 34)",
    "      last = math.max(last, ends)",
    "    end",
    "  end",
    "  if others ~= '' or wasUp == 0 then met = string.sub(raw, 2, 2) end",
    "  if others ~= '' then met = 'x' end",
    "end",
    "",
    "local mine = ARGV[1] .. string.format('%013.0f', now + ARGV[2])",
    "redis.call('SET', KEYS[1], 'B' .. met .. others .. mine, 'PX', string.format('%.0f', last - now))",
    "return wasUp",
  ].join('\n'),
}

export const releaseScript: Script = {
  name: 'release',
  sha1: '228d12fda808bde7a0cfefc9944ca99db26084cd',
  source: [
    "if redis.pcall('GETRANGE', KEYS[1], 0, 22) ~= ARGV[1] then return 0 end",
    "",
    "redis.call('UNLINK', KEYS[1])",
    "return 1",
  ].join('\n'),
}

export const renewScript: Script = {
  name: 'renew',
  sha1: 'c3f6380666bc2b70208d85243a5b2b71a718d023',
  source: [
    "local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)",
    "if head == ARGV[2] then return 1 end",
    "if head ~= ARGV[1] or string.sub(head, 1, 1) ~= 'V' then return 0 end",
    "",
    "local time = redis.call('TIME')",
    "local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]",
    "local life = string.format('%013.0f', ends) .. string.format('%010.0f', ARGV[3])",
    "redis.call('SETRANGE', KEYS[1], 0, ARGV[2] .. '2-' .. string.rep('0', 13) .. life)",
    "redis.call('PEXPIRE', KEYS[1], ARGV[4])",
    "return 1",
  ].join('\n'),
}
