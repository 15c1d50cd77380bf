import { leaseHead } from '../entry/entry.ts'
import type { RedisPort } from './redis-port.ts'
import type { Lease } from './store.ts'

/** Puts a lease in place of whatever stands under the key. A late or resent claim can only void. */
export async function claim(redis: RedisPort, key: string, { token, ttl }: Lease): Promise<void> {
  await redis.callBuffer('set', [key, leaseHead(token), 'PX', ttl])
}
