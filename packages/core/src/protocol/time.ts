import type { RedisPort } from './redis-port.ts'

/** The server's clock, as TIME gives it. By a script: TIME has no key, and a cluster would send it anywhere. */
export function time(redis: RedisPort, key: string): Promise<unknown> {
  return redis.callBuffer('eval', ["return redis.call('TIME')", 1, key])
}
