import type { Origin } from '../entry/origin.ts'
import { newToken } from '../entry/token.ts'
import { StoreError } from '../errors.ts'
import type { CacheEvent } from '../events.ts'
import type { Attempt, Entry, NamespaceKeys, Store } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'
import type { Invalidations, Targets } from './invalidations.ts'
import type { Aftermath } from './write-options.ts'

interface BarrierRequest extends Targets, Aftermath {
  /** Milliseconds. */
  readonly barrierTtl: number
}

export interface WriteRequest<T> extends BarrierRequest {
  readonly operation: string
  readonly write: () => T | PromiseLike<T>
  /** What was written, as an entry; for a key that nobody else has written meanwhile. */
  readonly entry?: WrittenEntry<T> | undefined
}

interface WrittenEntry<T> {
  /** Whether it may have tags. */
  readonly tagged: boolean
  /** @param origin What was true before the write. */
  readonly of: (written: T, origin: Origin) => Promise<Entry>
}

export interface WriteSurroundings {
  readonly store: Store
  readonly namespaceKeys: NamespaceKeys
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
  const { operation, keys, storeKeys, tags, storeTags, settle, everywhere, write } = request
  const targets = { keys, storeKeys, tags, storeTags }
  const { store, namespaceKeys } = around
  const barrier = new Barrier(request, around)
  let origin: Origin | undefined
  try {
    const opening = request.entry && store.origin(namespaceKeys, request.entry.tagged)
    ;[origin] = await Promise.all([opening, barrier.raise()])
  } catch (error) {
    if (!around.journals) {
      await barrier.lower().catch(() => {}) // What did go up falls by itself, if not now.
      throw new StoreError(operation, [...keys, ...tags], error, notWritten)
    }
  }
  around.invalidations.forgetNear(storeKeys, tags.length > 0)

  const letGo = barrier.keep()
  const lower = (entry?: Entry) => {
    const send = () => barrier.lower(entry)
    return around.invalidations.send({ operation, ...targets, settle, everywhere, send, next: written })
  }
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
    entry = origin && (await request.entry?.of(result, origin))
  } catch (error) {
    await lower()
    throw error
  }
  await lower(entry)
  return result
}

/** One writer's part of the barriers of some keys and tags. */
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
    const { storeKeys, storeTags } = this.#request
    const { store } = this.#around
    const tags = storeTags.length > 0 ? this.#raiseTags() : undefined
    await Promise.all([tags, ...storeKeys.map((key) => store.raise(key, this.#writer))])
    this.#unbroken = true
  }

  #raiseTags(): Promise<'raised' | 'up'> {
    const { store, namespaceKeys } = this.#around
    return store.raiseTags(namespaceKeys.tagClock, this.#request.storeTags, this.#writer)
  }

  /** Puts it up again at each third of its TTL. Returns how to stop, which resolves when nothing is under way any more. */
  keep(): () => Promise<void> {
    const { store, clock, report } = this.#around
    const { keys, storeKeys, tags } = this.#request
    let stopped = false
    let cancel: (() => void) | undefined
    let renewing: Promise<void> | undefined

    const renew = async (): Promise<void> => {
      const parts = storeKeys.map((storeKey, at) =>
        again(keys[at] as string, () => store.raise(storeKey, this.#writer)),
      )
      if (tags.length > 0) parts.push(again(tags.join(), () => this.#raiseTags()))
      await Promise.all(parts)
      if (!stopped) schedule()
    }
    const again = async (key: string, raise: () => Promise<'raised' | 'up'>): Promise<void> => {
      try {
        if ((await raise()) === 'up') return
        this.#unbroken = false
        report({ type: 'barrier-lost', key })
      } catch (error) {
        this.#unbroken = false
        report({ type: 'store-error', operation: 'raise', key, error })
      }
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
    const { storeKeys, storeTags, settle } = this.#request
    const { store, namespaceKeys } = this.#around
    const lowering = { token: this.#writer.token, settle, entry: this.#unbroken ? entry : undefined }
    const tags = storeTags.length > 0 ? store.lowerTags(namespaceKeys.tagClock, storeTags, lowering) : undefined
    await Promise.all([tags, ...storeKeys.map((key) => store.lower(key, lowering))])
  }
}
