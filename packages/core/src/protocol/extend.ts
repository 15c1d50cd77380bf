import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { extendScript } from './scripts.generated.ts'
import type { Lease } from './store.ts'

/** Gives a lease that still stands a new TTL; see `scripts/extend.lua` for the states. */
export async function extend(
  redis: RedisPort,
  key: string,
  { head, ttl }: Lease,
  mark?: 'failed',
): Promise<'extended' | 'lost'> {
  const reply = await runScript(redis, extendScript, [key], [head, ttl, mark === 'failed' ? 'f' : 'r'])
  if (reply === 1) return 'extended'
  if (reply === 0) return 'lost'
  throw unknownReply('extend', reply)
}
