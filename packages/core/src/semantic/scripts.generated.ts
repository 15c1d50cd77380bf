// Made from scripts/*.lua by `pnpm gen:scripts`.
import type { Script } from '../protocol/scripts.generated.ts'

export const pointScript: Script = {
  name: 'point',
  sha1: 'b9941ccc8f776a0a64d92f9322278ebff9f4d277',
  source: [
    "local newer, older, limit, ttl, id = KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]",
    "local time = redis.call('TIME')",
    "local attributes = string.format('{\"until\":%.0f}', time[1] * 1000 + math.floor(time[2] / 1000) + ttl)",
    "",
    "if redis.call('VSETATTR', newer, id, attributes) == 0 then",
    "  if (redis.call('VCARD', newer) or 0) >= limit then",
    "    redis.call('UNLINK', older)",
    "    redis.call('RENAME', newer, older)",
    "  end",
    "  redis.call('VADD', newer, 'FP32', ARGV[4], id, 'NOQUANT', 'SETATTR', attributes)",
    "end",
    "if redis.call('PTTL', newer) < ttl then redis.call('PEXPIRE', newer, ttl) end",
    "return 'OK'",
  ].join('\n'),
}
