import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { releaseScript } from './scripts.generated.ts'
import type { Lease } from './store.ts'

/** Ends a lease that still stands; see `scripts/release.lua` for the states. */
export async function release(redis: RedisPort, key: string, { head }: Lease): Promise<'released' | 'lost'> {
  const reply = await runScript(redis, releaseScript, [key], [head])
  if (reply === 1) return 'released'
  if (reply === 0) return 'lost'
  throw unknownReply('release', reply)
}
