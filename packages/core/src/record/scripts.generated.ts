// Made from scripts/*.lua by `pnpm gen:scripts`.
import type { Script } from '../protocol/scripts.generated.ts'

export const acquireRecordScript: Script = {
  name: 'acquireRecord',
  sha1: 'dfbdb01f4fc7fc182232cb5f657657175fd41313',
  source: [
    "local type = redis.call('TYPE', KEYS[1]).ok",
    "if type == 'hash' then",
    "  local header = redis.call('HGET', KEYS[1], '@') or ''",
    "  if string.sub(header, 1, 1) == 'V' and #header > 88 then",
    "    if string.sub(header, 1, 23) ~= ARGV[3] then return {2, redis.call('HMGET', KEYS[1], '@', unpack(ARGV, 4))} end",
    "    local time = redis.call('TIME')",
    "    local now = time[1] * 1000 + math.floor(time[2] / 1000)",
    "    if string.sub(header, 25, 25) == 'w' and (tonumber(string.sub(header, 26, 38)) or 0) > now then return {4} end",
    "    type = 'void'",
    "  end",
    "elseif type == 'string' then",
    "  local head, length = redis.call('GETRANGE', KEYS[1], 0, 22), redis.call('STRLEN', KEYS[1])",
    "  if head == 'L' .. ARGV[1] and length == 23 then return {1} end",
    "  local left, state = redis.call('PTTL', KEYS[1]), string.sub(head, 1, 1)",
    "  local isLease, isBarrier = state == 'L' and length == 23, state == 'B' and length >= 37 and (length - 2) % 35 == 0",
    "  if isLease and left >= 0 then return {0, left} end",
    "  if isBarrier and left >= 0 then return {4} end",
    "  if isLease or isBarrier then type = 'void' end",
    "end",
    "",
    "redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])",
    "return {(type == 'none' or type == 'void') and 1 or 5}",
  ].join('\n'),
}

export const fillRecordScript: Script = {
  name: 'fillRecord',
  sha1: '920075fc83df408cddbf2ea01b3dbf3e21b35f57',
  source: [
    "local standing = redis.pcall('HGET', KEYS[1], '@')",
    "if type(standing) == 'string' then return string.sub(standing, 1, 23) == string.sub(ARGV[2], 1, 23) and 1 or 0 end",
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end",
    "",
    "local time = redis.call('TIME')",
    "local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]",
    "local header = string.sub(ARGV[2], 1, 38) .. string.format('%013.0f', ends) .. string.sub(ARGV[2], 52)",
    "redis.call('UNLINK', KEYS[1])",
    "redis.call('HSET', KEYS[1], '@', header, unpack(ARGV, 4))",
    "redis.call('PEXPIRE', KEYS[1], ARGV[3])",
    "return 1",
  ].join('\n'),
}

export const openRecordScript: Script = {
  name: 'openRecord',
  sha1: 'dcf1617445f135692590adc2ca020491207cb4fe',
  source: [
    "local header = redis.pcall('HGET', KEYS[1], '@')",
    "if type(header) ~= 'string' or #header <= 88 then return 0 end",
    "if string.sub(header, 1, 23) == 'V' .. ARGV[1] then return 1 end",
    "if string.sub(header, 1, 1) .. string.sub(header, 24, 25) .. string.sub(header, 70, 70) ~= 'V3-v' then return 0 end",
    "if string.match(string.sub(header, 89), '^[^ ]*') ~= ARGV[3] then return 0 end -- it has no tags",
    "",
    "local time = redis.call('TIME')",
    "local stands = string.format('%013.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2])",
    "redis.call('HSET', KEYS[1], '@', 'V' .. ARGV[1] .. '3w' .. stands .. string.sub(header, 39))",
    "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end",
    "return 1",
  ].join('\n'),
}

export const updateRecordScript: Script = {
  name: 'updateRecord',
  sha1: 'c7c88d19c481d7938004e9f1fba82cc90c692a5d',
  source: [
    "local header = redis.pcall('HGET', KEYS[1], '@')",
    "if type(header) ~= 'string' then return 0 end",
    "if string.sub(header, 1, 23) == 'V' .. ARGV[2] then return 1 end",
    "if string.sub(header, 1, 23) ~= 'V' .. ARGV[1] then return 0 end",
    "",
    "local time = redis.call('TIME')",
    "local ttl = tonumber(string.sub(header, 52, 61))",
    "local ends = string.format('%013.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ttl)",
    "header = 'V' .. ARGV[2] .. '3-' .. string.rep('0', 13) .. ends .. string.sub(header, 52)",
    "local written = 3 + 2 * ARGV[3]",
    "redis.call('HSET', KEYS[1], '@', header, unpack(ARGV, 4, written))",
    "if #ARGV > written then redis.call('HDEL', KEYS[1], unpack(ARGV, written + 1)) end",
    "redis.call('PEXPIRE', KEYS[1], ttl)",
    "return 1",
  ].join('\n'),
}
