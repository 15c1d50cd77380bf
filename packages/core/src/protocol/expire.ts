import { newToken } from '../entry/token.ts'
import type { RedisPort } from './redis-port.ts'
import { runScript } from './script.ts'
import { expireScript } from './scripts.generated.ts'

/** Ends the freshness of each key's value; see `scripts/expire.lua` for the states. All travel at once. */
export async function expire(redis: RedisPort, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => runScript(redis, expireScript, [key], [newToken()])))
}
