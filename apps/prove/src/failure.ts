import { type Outcome, sharedNow } from '@cache-aside/testkit'
import type { Stalls } from './stalls.ts'
import { loadTimeout } from './workload.ts'

export class DatabaseAway extends Error {}

/** What went wrong with a read, or with a write of which nobody knows whether the cache was told. */
export function failure(error: unknown, stalls: Stalls, isWrite = false): Outcome {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const isLate = code === 'LOAD_TIMEOUT' && stalls.since(sharedNow() - loadTimeout)
  const isMeant = error instanceof DatabaseAway || isLate || (isWrite && code === 'STORE')
  return isMeant ? { failed: true } : { failed: true, unexpected: String(error) }
}
