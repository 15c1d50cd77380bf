import { valueHead } from '../entry/entry.ts'
import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { renewScript } from './scripts.generated.ts'
import type { Entry, Lease } from './store.ts'

/** Makes a value fresh again without sending its payload; see `scripts/renew.lua` for the states. */
export async function renew(
  redis: RedisPort,
  key: string,
  { head }: Lease,
  { id, freshFor, ttl }: Omit<Entry, 'raw'> & { readonly id: string },
): Promise<'accepted' | 'rejected'> {
  const reply = await runScript(redis, renewScript, [key], [head, valueHead(id), freshFor, ttl])
  if (reply === 1) return 'accepted'
  if (reply === 0) return 'rejected'
  throw unknownReply('renew', reply)
}
