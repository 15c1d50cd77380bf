import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { claimScript } from './scripts.generated.ts'
import type { Attempt } from './store.ts'

/** Puts a lease in place of whatever stands under the key but a barrier; see `scripts/claim.lua` for the states. */
export async function claim(redis: RedisPort, key: string, { token, ttl }: Attempt): Promise<'claimed' | 'barred'> {
  const reply = await runScript(redis, claimScript, [key], [token, ttl])
  if (reply === 1) return 'claimed'
  if (reply === 0) return 'barred'
  throw unknownReply('claim', reply)
}
