import type { RedisPort } from './redis-port.ts'
import { runScript } from './script.ts'
import { invalidateScript } from './scripts.generated.ts'

/** Keys in one command: enough to save round trips, few enough not to hold the server up, with values of any common size. */
const batch = 100

/**
 * Voids value and lease of each key; see `scripts/invalidate.lua` for the states. In a cluster each key travels alone,
 * all at once: a script takes the keys of one slot only.
 */
export async function invalidate(redis: RedisPort, keys: readonly string[]): Promise<void> {
  const size = redis.isCluster ? 1 : batch
  const commands: Promise<unknown>[] = []
  for (let start = 0; start < keys.length; start += size) {
    commands.push(runScript(redis, invalidateScript, keys.slice(start, start + size)))
  }
  await Promise.all(commands)
}
