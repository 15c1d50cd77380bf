import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { lowerScript, raiseScript } from './scripts.generated.ts'
import type { Attempt, Lowering } from './store.ts'

/** Puts up a writer's part of the barrier, or keeps it up; see `scripts/raise.lua` for the states. */
export async function raise(redis: RedisPort, key: string, { token, ttl }: Attempt): Promise<'raised' | 'up'> {
  const reply = await runScript(redis, raiseScript, [key], [token, ttl])
  if (reply === 1) return 'raised'
  if (reply === 0) return 'up'
  throw unknownReply('raise', reply)
}

/** Takes down a writer's part of the barrier; see `scripts/lower.lua` for the states. */
export async function lower(
  redis: RedisPort,
  key: string,
  { token, settle, entry }: Lowering,
): Promise<'lowered' | 'stored'> {
  const written = entry ? [entry.raw, entry.freshFor, entry.ttl] : ['', 0, 0]
  const reply = await runScript(redis, lowerScript, [key], [token, settle, ...written])
  if (reply === 2) return 'stored'
  if (reply === 1) return 'lowered'
  throw unknownReply('lower', reply)
}
