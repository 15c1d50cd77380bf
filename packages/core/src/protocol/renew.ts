import { encodeTagMoment, valueHead } from '../entry/entry.ts'
import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { renewScript } from './scripts.generated.ts'
import type { Lease, Renewal } from './store.ts'

/** Makes a value fresh again without sending its payload; see `scripts/renew.lua` for the states. */
export async function renew(
  redis: RedisPort,
  key: string,
  { head }: Lease,
  { id, freshFor, ttl, origin }: Renewal,
): Promise<'accepted' | 'rejected'> {
  const stamp = [origin.generation, encodeTagMoment(origin)]
  const reply = await runScript(redis, renewScript, [key], [head, valueHead(id), freshFor, ttl, ...stamp])
  if (reply === 1) return 'accepted'
  if (reply === 0) return 'rejected'
  throw unknownReply('renew', reply)
}
