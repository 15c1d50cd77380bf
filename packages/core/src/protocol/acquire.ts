import { leaseHead } from '../entry/entry.ts'
import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { acquireScript } from './scripts.generated.ts'
import type { Acquired, Attempt } from './store.ts'

/** Takes the right to load a key unless there is a reason not to; see `scripts/acquire.lua` for the states. */
export async function acquire(redis: RedisPort, key: string, attempt: Attempt): Promise<Acquired> {
  const { token, ttl, void: unreadable = '', stale = '' } = attempt
  const reply = await runScript(redis, acquireScript, [key], [token, ttl, unreadable, stale])
  return acquired(reply, attempt, (value) => (Buffer.isBuffer(value) ? value : undefined))
}

/** What a script answered that acquires. @param rawOf The entry that it found. */
export function acquired(
  reply: unknown,
  { token, stale }: Attempt,
  rawOf: (value: unknown) => Buffer | undefined,
): Acquired {
  if (Array.isArray(reply)) {
    const [kind, detail] = reply as unknown[]
    if (kind === 5) return { kind: 'acquired', head: leaseHead(token), replaced: 'another type of key' }
    if (kind === 1) return { kind: 'acquired', head: leaseHead(token) }
    if (kind === 3 && stale) return { kind: 'acquired', head: stale }
    if (kind === 0 && typeof detail === 'number') return { kind: 'held', remaining: detail }
    const raw = kind === 2 ? rawOf(detail) : undefined
    if (raw) return { kind: 'value', raw }
    if (kind === 4) return { kind: 'barred' }
  }
  throw unknownReply('acquire', reply)
}
