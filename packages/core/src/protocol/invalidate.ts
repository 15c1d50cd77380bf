import type { RedisPort } from './redis-port.ts'

/** Keys in one UNLINK: enough to save round trips, few enough not to hold the server up. */
const batch = 500

/** Voids value and lease of each key. In a cluster each key travels alone, all at once: UNLINK takes the keys of one slot only. */
export async function invalidate(redis: RedisPort, keys: readonly string[]): Promise<void> {
  const size = redis.isCluster ? 1 : batch
  const commands: Promise<unknown>[] = []
  for (let start = 0; start < keys.length; start += size) {
    commands.push(redis.callBuffer('unlink', keys.slice(start, start + size)))
  }
  await Promise.all(commands)
}
