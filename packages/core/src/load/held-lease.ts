import type { SeenValue } from '../entry/entry.ts'
import type { Origin } from '../entry/origin.ts'
import { newToken } from '../entry/token.ts'
import type { CacheEvent } from '../events.ts'
import type { Entry, EntryStore, Lease } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'

interface Surroundings {
  readonly store: EntryStore
  readonly report: (event: CacheEvent) => void
}

/**
 * The right to fill a key, while one load runs. What the store fails to do is reported, not thrown.
 *
 * Each of `fillWith`, `renew` and `release` is its end, and true only if nothing had touched the key since it was given.
 */
export class HeldLease {
  /** The value that it is to refresh. */
  readonly stale: SeenValue | undefined
  /** What was true before the load. */
  readonly origin: Origin
  readonly #lease: Lease
  readonly #key: string
  readonly #storeKey: string
  readonly #store: EntryStore
  readonly #report: (event: CacheEvent) => void

  constructor(
    lease: Lease,
    { stale, origin }: { readonly stale: SeenValue | undefined; readonly origin: Origin },
    { key, storeKey }: { readonly key: string; readonly storeKey: string },
    { store, report }: Surroundings,
  ) {
    this.#lease = lease
    this.stale = stale
    this.origin = origin
    this.#key = key
    this.#storeKey = storeKey
    this.#store = store
    this.#report = report
  }

  /** Extends it at each third of its TTL, until that is stopped or it is lost. Returns how to stop. */
  keep(clock: Clock): () => void {
    let stopped = false
    let cancel: (() => void) | undefined

    const extend = async (): Promise<void> => {
      try {
        const standing = await this.#store.extend(this.#storeKey, this.#lease)
        if (stopped) return
        if (standing === 'lost') return this.#report({ type: 'lease-lost', key: this.#key })
      } catch (error) {
        if (stopped) return
        this.#failed('extend')(error) // The next extension may get through before the lease ends.
      }
      schedule()
    }
    const schedule = (): void => {
      cancel = clock.after(this.#lease.ttl / 3, () => void extend())
    }

    schedule()
    return () => {
      stopped = true
      cancel?.()
    }
  }

  async fillWith(entry: Entry): Promise<boolean> {
    const reply = await this.#store.fill(this.#storeKey, this.#lease, entry).catch(this.#failed('fill'))
    if (reply) this.#report({ type: 'fill', key: this.#key, accepted: reply === 'accepted' })
    return reply === 'accepted'
  }

  async renew(lifetime: Omit<Entry, 'raw'>): Promise<boolean> {
    const again = { id: newToken(), origin: this.origin, ...lifetime }
    const reply = await this.#store.renew(this.#storeKey, this.#lease, again).catch(this.#failed('renew'))
    if (reply) this.#report({ type: 'renew', key: this.#key, accepted: reply === 'accepted' })
    return reply === 'accepted'
  }

  async release(): Promise<boolean> {
    return (await this.#store.release(this.#storeKey, this.#lease).catch(this.#failed('release'))) === 'released'
  }

  /** The load has failed. A value that it was to refresh outlives it, and the next refresh is put off. */
  async giveUp(retryAfter: number): Promise<void> {
    if (!this.stale) return void (await this.release())
    const mark = { ...this.#lease, ttl: retryAfter }
    await this.#store.extend(this.#storeKey, mark, 'failed').catch(this.#failed('extend'))
  }

  #failed(operation: string): (error: unknown) => undefined {
    return (error) => {
      this.#report({ type: 'store-error', operation, key: this.#key, error })
      return undefined
    }
  }
}
