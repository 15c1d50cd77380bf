import type { Lease, Store } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'

export interface LeaseReports {
  lost(): void
  failed(error: unknown): void
}

/** Extends a lease at each third of its TTL, until it is stopped or lost. Returns how to stop. */
export function keepLease(store: Store, clock: Clock, key: string, lease: Lease, reports: LeaseReports): () => void {
  let stopped = false
  let cancel: (() => void) | undefined

  const extend = async (): Promise<void> => {
    try {
      const standing = await store.extend(key, lease)
      if (stopped) return
      if (standing === 'lost') return reports.lost()
    } catch (error) {
      if (stopped) return
      reports.failed(error) // The next extension may get through before the lease ends.
    }
    schedule()
  }
  const schedule = (): void => {
    cancel = clock.after(lease.ttl / 3, () => void extend())
  }

  schedule()
  return () => {
    stopped = true
    cancel?.()
  }
}
