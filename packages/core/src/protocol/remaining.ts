import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { remainingScript } from './scripts.generated.ts'

/** Milliseconds until the value under a key ends, or null; see `scripts/remaining.lua` for the states. */
export async function remaining(redis: RedisPort, key: string): Promise<number | null> {
  const reply = await runScript(redis, remainingScript, key, [])
  if (typeof reply !== 'number') throw unknownReply('remaining', reply)
  return reply >= 0 ? reply : null
}
