import { newToken } from '../entry/token.ts'
import { StoreError } from '../errors.ts'
import type { CacheEvent } from '../events.ts'
import type { Attempt, Entry, Store } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'
import type { Invalidations } from './invalidations.ts'

interface BarrierRequest {
  readonly keys: readonly string[]
  /** The same, as they stand in the store. */
  readonly storeKeys: readonly string[]
  /** Milliseconds. */
  readonly barrierTtl: number
  /** Milliseconds. */
  readonly settle: number
}

export interface WriteRequest<T> extends BarrierRequest {
  readonly operation: 'mutate' | 'writeThrough'
  readonly write: () => T | PromiseLike<T>
  /** What was written, as an entry; for a key that nobody else has written meanwhile. */
  readonly entryOf?: (written: T) => Promise<Entry | undefined>
}

export interface WriteSurroundings {
  readonly store: Store
  readonly clock: Clock
  readonly report: (event: CacheEvent) => void
  /** Whether a write goes on without a barrier when the store is away. */
  readonly journals: boolean
  readonly invalidations: Invalidations
}

const notWritten = 'the write was not made, safe to repeat'
const written = 'the write is made; readers pass the cache by until the barrier ends: invalidate the keys to be sure'

/**
 * Writes behind a barrier: from before the write until after it, readers load without filling. A writer who dies in
 * between leaves nothing stale, once the barrier's time is over.
 */
export async function writeBehindBarrier<T>(request: WriteRequest<T>, around: WriteSurroundings): Promise<T> {
  const { operation, keys, storeKeys, settle, write, entryOf } = request
  const barrier = new Barrier(request, around)
  try {
    await barrier.raise()
  } catch (error) {
    if (!around.journals) {
      await barrier.lower().catch(() => {}) // What did go up falls by itself, if not now.
      throw new StoreError(operation, keys, error, notWritten)
    }
  }

  const letGo = barrier.keep()
  const lower = (entry?: Entry) =>
    around.invalidations.send({ operation, keys, storeKeys, settle, send: () => barrier.lower(entry), next: written })
  let result: T
  try {
    result = await write()
  } catch (error) {
    await letGo()
    // Part of it may have been committed. What its writer has to know is its own error.
    await lower().catch(() => {})
    throw error
  }
  await letGo()
  let entry: Entry | undefined
  try {
    entry = await entryOf?.(result)
  } catch (error) {
    await lower()
    throw error
  }
  await lower(entry)
  return result
}

/** One writer's part of the barriers of some keys. */
class Barrier {
  readonly #request: BarrierRequest
  readonly #around: WriteSurroundings
  readonly #writer: Attempt
  /** Whether it has stood at every key since it was raised: else somebody may have written in between. */
  #unbroken = false

  constructor(request: BarrierRequest, around: WriteSurroundings) {
    this.#request = request
    this.#around = around
    this.#writer = { token: newToken(), ttl: request.barrierTtl }
  }

  async raise(): Promise<void> {
    await Promise.all(this.#request.storeKeys.map((key) => this.#around.store.raise(key, this.#writer)))
    this.#unbroken = true
  }

  /** Puts it up again at each third of its TTL. Returns how to stop, which resolves when nothing is under way any more. */
  keep(): () => Promise<void> {
    const { store, clock, report } = this.#around
    const { keys, storeKeys } = this.#request
    let stopped = false
    let cancel: (() => void) | undefined
    let renewing: Promise<void> | undefined

    const renew = async (): Promise<void> => {
      await Promise.all(
        storeKeys.map(async (storeKey, index) => {
          const key = keys[index] as string
          try {
            const was = await store.raise(storeKey, this.#writer)
            if (was === 'up') return
            this.#unbroken = false
            report({ type: 'barrier-lost', key })
          } catch (error) {
            this.#unbroken = false
            report({ type: 'store-error', operation: 'raise', key, error })
          }
        }),
      )
      if (!stopped) schedule()
    }
    const schedule = (): void => {
      cancel = clock.after(this.#writer.ttl / 3, () => {
        renewing = renew()
      })
    }

    schedule()
    return async () => {
      stopped = true
      cancel?.()
      await renewing
    }
  }

  async lower(entry?: Entry): Promise<void> {
    const { storeKeys, settle } = this.#request
    const lowering = { token: this.#writer.token, settle, entry: this.#unbroken ? entry : undefined }
    await Promise.all(storeKeys.map((key) => this.#around.store.lower(key, lowering)))
  }
}
