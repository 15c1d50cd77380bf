// Made from scripts/*.lua by `pnpm gen:scripts`.
import type { Script } from '../protocol/scripts.generated.ts'

export const buryScript: Script = {
  name: 'bury',
  sha1: 'b4274a3ace79dc7c3c2f6e34fc1af4bd85ceb233',
  source: [
    "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end",
    "",
    "local dropped = 0",
    "for at = 5, #ARGV do",
    "  local entry = redis.call('XRANGE', KEYS[1], ARGV[at], ARGV[at])[1]",
    "  redis.call('XACK', KEYS[1], 'writers', ARGV[at])",
    "  redis.call('XDEL', KEYS[1], ARGV[at])",
    "  if entry then",
    "    local before = redis.call('XLEN', KEYS[3])",
    "    local letter = {'error', ARGV[3], 'attempts', ARGV[4], 'entry', ARGV[at], unpack(entry[2])}",
    "    redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[2], '*', unpack(letter))",
    "    dropped = dropped + before + 1 - redis.call('XLEN', KEYS[3])",
    "  end",
    "end",
    "return dropped",
  ].join('\n'),
}

export const enqueueScript: Script = {
  name: 'enqueue',
  sha1: '8f51d73deee49e78ba7a19f301f7c38d49665cb7',
  source: [
    "local waiting = redis.call('XLEN', KEYS[1])",
    "if waiting >= tonumber(ARGV[1]) then return waiting end",
    "",
    "local id = redis.call('XADD', KEYS[1], '*', 'key', ARGV[2], 'codec', ARGV[3], 'value', ARGV[4])",
    "redis.call('HSET', KEYS[2], ARGV[2], id)",
    "return id",
  ].join('\n'),
}

export const markScript: Script = {
  name: 'mark',
  sha1: '951229f6c53666db4568d1f87c35b62858c8a5c0',
  source: [
    "local gone = {}",
    "for at = 1, #ARGV, 2 do",
    "  local newest = redis.call('HGET', KEYS[2], ARGV[at + 1])",
    "  local waits = newest and newest ~= ARGV[at] and #redis.call('XRANGE', KEYS[1], newest, newest) > 0",
    "  if newest and not waits then redis.call('HDEL', KEYS[2], ARGV[at + 1]) end",
    "  gone[#gone + 1] = waits and 0 or 1",
    "end",
    "return gone",
  ].join('\n'),
}

export const pendingScript: Script = {
  name: 'pending',
  sha1: '0285cd488b016a09d6f2de6e915fdd42685675dc',
  source: [
    "local id = redis.call('HGET', KEYS[2], ARGV[1])",
    "if not id then return false end",
    "",
    "local entry = redis.call('XRANGE', KEYS[1], id, id)[1]",
    "return entry and {entry[2][4], entry[2][6]}",
  ].join('\n'),
}

export const redriveScript: Script = {
  name: 'redrive',
  sha1: '5b5a86435552b01c13a7509a83ac22434e041572',
  source: [
    "local letter = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]",
    "if not letter then return false end",
    "",
    "local waiting = redis.call('XLEN', KEYS[1])",
    "if waiting >= tonumber(ARGV[2]) then return waiting end",
    "",
    "local fields, put = {unpack(letter[2], 7)}, letter[2][6]",
    "for at = 1, #fields, 2 do",
    "  if fields[at] == 'put' then put = nil end",
    "end",
    "if put then",
    "  fields[#fields + 1] = 'put'",
    "  fields[#fields + 1] = put",
    "end",
    "local id = redis.call('XADD', KEYS[1], '*', unpack(fields))",
    "redis.call('XDEL', KEYS[2], ARGV[1])",
    "return id",
  ].join('\n'),
}

export const settleScript: Script = {
  name: 'settle',
  sha1: '91d973cfd5cdd3330e2fc3e9fb0eb001db1a47a2',
  source: [
    "local settled = 0",
    "for _, id in ipairs(ARGV) do",
    "  redis.call('XACK', KEYS[1], 'writers', id)",
    "  settled = settled + redis.call('XDEL', KEYS[1], id)",
    "end",
    "return settled",
  ].join('\n'),
}

export const takeScript: Script = {
  name: 'take',
  sha1: '8a8ae5c97444653ddfd374d410d173597e468475',
  source: [
    "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end",
    "",
    "local pending = redis.pcall('XPENDING', KEYS[1], 'writers', ARGV[2], '+', ARGV[3])",
    "if pending.err then",
    "  redis.call('XGROUP', 'CREATE', KEYS[1], 'writers', '0', 'MKSTREAM')",
    "  pending = {}",
    "end",
    "",
    "local taken = {}",
    "for _, delivery in ipairs(pending) do",
    "  local entry = redis.call('XRANGE', KEYS[1], delivery[1], delivery[1])[1]",
    "  if entry then",
    "    taken[#taken + 1] = {delivery[1], delivery[4], entry[2]}",
    "  else",
    "    redis.call('XACK', KEYS[1], 'writers', delivery[1])",
    "  end",
    "end",
    "",
    "local room = ARGV[3] - #pending",
    "local new = room > 0",
    "  and redis.call('XREADGROUP', 'GROUP', 'writers', 'writer', 'COUNT', room, 'STREAMS', KEYS[1], '>')",
    "for _, entry in ipairs(new and new[1][2] or {}) do taken[#taken + 1] = {entry[1], 0, entry[2]} end",
    "return taken",
  ].join('\n'),
}
