import { CacheError } from '../errors.ts'
import type { RedisPort } from './redis-port.ts'
import type { Script } from './scripts.generated.ts'

/** Runs a script by its hash, and by its source where the server does not know it (yet, or after a restart). */
export async function runScript(
  redis: RedisPort,
  script: Script,
  keys: readonly string[],
  args: readonly (string | Buffer | number)[] = [],
): Promise<unknown> {
  try {
    return await redis.callBuffer('evalsha', [script.sha1, keys.length, ...keys, ...args])
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return redis.callBuffer('eval', [script.source, keys.length, ...keys, ...args])
  }
}

export function unknownReply(operation: string, reply: unknown): CacheError {
  return new CacheError('PROTOCOL', `${operation}: a reply this version does not know: ${JSON.stringify(reply)}`)
}
