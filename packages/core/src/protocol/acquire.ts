import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { acquireScript } from './scripts.generated.ts'
import type { Acquired, Lease } from './store.ts'

/** Takes the lease of a key unless there is a reason not to load; see `scripts/acquire.lua` for the states. */
export async function acquire(
  redis: RedisPort,
  key: string,
  { token, ttl, replacing }: Lease & { readonly replacing?: Buffer | undefined },
): Promise<Acquired> {
  const reply = await runScript(redis, acquireScript, key, [token, ttl, replacing ?? ''])
  if (Array.isArray(reply)) {
    const [kind, detail] = reply as unknown[]
    if (kind === 1) return { kind: 'acquired' }
    if (kind === 0 && typeof detail === 'number') return { kind: 'held', remaining: detail }
    if (kind === 2 && Buffer.isBuffer(detail)) return { kind: 'value', raw: detail }
  }
  throw unknownReply('acquire', reply)
}
