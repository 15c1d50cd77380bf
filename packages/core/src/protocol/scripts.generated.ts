// Made from scripts/*.lua by `pnpm gen:scripts`.

/** A Lua script with one key. */
export interface Script {
  readonly name: string
  readonly sha1: string
  readonly source: string
}

export const acquireScript: Script = {
  name: 'acquire',
  sha1: '93285d398e819a4978d01c5a3a1ae39cc9ef4837',
  source: [
    "local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)",
    "if type(head) ~= 'string' then head = '' end -- another type of key",
    "",
    "if head == 'L' .. ARGV[1] then return {1} end",
    "",
    "if #head == 23 and head ~= ARGV[3] then",
    "  local state = string.sub(head, 1, 1)",
    "  if state == 'V' then return {2, redis.call('GET', KEYS[1])} end",
    "  if state == 'L' then",
    "    local remaining = redis.call('PTTL', KEYS[1])",
    "    if remaining >= 0 then return {0, remaining} end",
    "  end",
    "end",
    "",
    "redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])",
    "return {1}",
  ].join('\n'),
}

export const extendScript: Script = {
  name: 'extend',
  sha1: '54262eb7f6b85daa0bd0b6d6a88579529ba09cde',
  source: [
    "if redis.pcall('GETRANGE', KEYS[1], 0, 22) ~= 'L' .. ARGV[1] then return 0 end",
    "",
    "redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    "return 1",
  ].join('\n'),
}

export const fillScript: Script = {
  name: 'fill',
  sha1: 'b6353a4bb4ab10b061f639012205391c9afa15b5',
  source: [
    "local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)",
    "if type(head) ~= 'string' then return 0 end",
    "",
    "if head == string.sub(ARGV[2], 1, 23) then return 1 end",
    "if head ~= 'L' .. ARGV[1] then return 0 end",
    "",
    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])",
    "return 1",
  ].join('\n'),
}

export const releaseScript: Script = {
  name: 'release',
  sha1: '93dbb60f19cea60da10b29d510826757e59ea615',
  source: [
    "if redis.pcall('GETRANGE', KEYS[1], 0, 22) ~= 'L' .. ARGV[1] then return 0 end",
    "",
    "redis.call('DEL', KEYS[1])",
    "return 1",
  ].join('\n'),
}

export const remainingScript: Script = {
  name: 'remaining',
  sha1: '59ad6e8dd1a528711b958b5c70c09aa817fb67bb',
  source: [
    "local head = redis.pcall('GETRANGE', KEYS[1], 0, 22)",
    "if type(head) ~= 'string' or #head < 23 or string.sub(head, 1, 1) ~= 'V' then return -2 end",
    "",
    "return redis.call('PTTL', KEYS[1])",
  ].join('\n'),
}
