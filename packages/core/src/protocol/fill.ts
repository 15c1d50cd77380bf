import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { fillScript } from './scripts.generated.ts'
import type { Entry, Lease } from './store.ts'

/** Puts a loaded value where the right to it stands; see `scripts/fill.lua` for the states. */
export async function fill(
  redis: RedisPort,
  key: string,
  { head }: Lease,
  { raw, freshFor, ttl }: Entry,
): Promise<'accepted' | 'rejected'> {
  const reply = await runScript(redis, fillScript, [key], [head, raw, freshFor, ttl])
  if (reply === 1) return 'accepted'
  if (reply === 0) return 'rejected'
  throw unknownReply('fill', reply)
}
