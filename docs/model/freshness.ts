import type { Configuration } from './configuration.ts'
import type { Value } from './key.ts'

/** What a reader may do with a value; packages/core/src/entry/freshness.ts. */
export function judged({ stale, expired }: Configuration, value: Value): 'fresh' | 'stale' | 'fallback' | 'over' {
  if (value.age === 'fresh') return 'fresh'
  if (value.age === 'expired') return expired
  return stale === 'served' ? 'stale' : (stale ?? 'over')
}

/** Whether a value may be served without a load. */
export const isServed = (configuration: Configuration, value: Value): boolean =>
  ['fresh', 'stale'].includes(judged(configuration, value))
