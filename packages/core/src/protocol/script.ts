import { CacheError } from '../errors.ts'
import type { RedisPort } from './redis-port.ts'
import type { Script } from './scripts.generated.ts'

/** Runs a script on one key by its hash, and by its source where the server does not know it (yet, or after a restart). */
export async function runScript(
  redis: RedisPort,
  script: Script,
  key: string,
  args: (string | Buffer | number)[],
): Promise<unknown> {
  try {
    return await redis.callBuffer('evalsha', [script.sha1, 1, key, ...args])
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return redis.callBuffer('eval', [script.source, 1, key, ...args])
  }
}

export function unknownReply(operation: string, reply: unknown): CacheError {
  return new CacheError('PROTOCOL', `${operation}: a reply this version does not know: ${JSON.stringify(reply)}`)
}
