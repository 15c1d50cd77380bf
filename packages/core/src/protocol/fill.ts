import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { fillScript } from './scripts.generated.ts'

/** Puts a loaded value where its lease stands; see `scripts/fill.lua` for the states. */
export async function fill(
  redis: RedisPort,
  key: string,
  { token, entry, ttl }: { readonly token: string; readonly entry: Buffer; readonly ttl: number },
): Promise<'accepted' | 'rejected'> {
  const reply = await runScript(redis, fillScript, key, [token, entry, ttl])
  if (reply === 1) return 'accepted'
  if (reply === 0) return 'rejected'
  throw unknownReply('fill', reply)
}
