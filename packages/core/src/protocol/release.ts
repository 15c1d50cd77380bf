import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { releaseScript } from './scripts.generated.ts'

/** Ends a lease that still stands; see `scripts/release.lua` for the states. */
export async function release(redis: RedisPort, key: string, token: string): Promise<'released' | 'lost'> {
  const reply = await runScript(redis, releaseScript, key, [token])
  if (reply === 1) return 'released'
  if (reply === 0) return 'lost'
  throw unknownReply('release', reply)
}
