import { encodeValue } from '../entry/codec.ts'
import { decodeValue, withCodec } from '../entry/entry.ts'
import { cacheKey, type KeyPart, storeKey } from '../entry/key.ts'
import { newToken } from '../entry/token.ts'
import type { Loader } from '../load/run-loader.ts'
import { type CacheAside, partsOf } from './cache.ts'
import type { CacheParts } from './parts.ts'
import { type Lookup, ReadThrough } from './read-through.ts'
import type { Settings } from './settings.ts'
import type { Shape } from './shape.ts'
import { type ShapedStore, shapedStore } from './shaped-store.ts'
import { writeBehindBarrier } from './write.ts'

/**
 * What became of a change to a cached value: it was made (`'updated'`), none is cached any more, if one was (`'uncached'`), or
 * Redis will be told later that none is (`'pending'`, only with `onUnreachable: 'journal'`).
 */
export type Updated = 'updated' | 'uncached' | 'pending'

export interface ShapedSettings {
  readonly cache: CacheAside
  /** The first part of its keys. */
  readonly name: string
  readonly settings: Settings
}

const written = 'the write is made; what was cached may be served until the barrier would end: invalidate the key'

interface Target {
  readonly operation: string
  readonly key: string
  readonly inStore: string
  /** The id that the value is given before the write. */
  readonly opened: string
}

/** The part of a cache whose entries have a shape. They are read, loaded and voided as all others. */
export class ShapedCache<Change> {
  readonly #name: string
  readonly #parts: CacheParts
  readonly #settings: Settings
  readonly #shape: Shape<Change>
  readonly #store: ShapedStore<Change>
  readonly #reads: ReadThrough

  constructor({ cache, name, settings }: ShapedSettings, shape: Shape<Change>) {
    this.#name = name
    this.#shape = shape
    this.#parts = partsOf(cache)
    const { options, around } = this.#parts
    this.#settings = Object.freeze({ ...settings, format: withCodec(settings.format, shape.codec) })
    this.#store = shapedStore(options.store, shape, options.namespaceKeys)
    this.#reads = new ReadThrough({ ...options, store: this.#store, compression: undefined }, around)
  }

  /** @throws {InvalidKeyError} */
  key(id: KeyPart): string {
    return cacheKey(this.#name, id)
  }

  async getOrLoad(id: KeyPart, load: Loader<unknown>): Promise<unknown> {
    const key = this.key(id)
    const near = this.#reads.near(key, this.#settings)
    if (near !== undefined) return near
    const { format } = this.#settings
    const shaped: Loader<unknown> = async (context) => {
      let isDeclined = false
      const decline = () => {
        isDeclined = true
        context.decline()
      }
      const value = await load({ ...context, decline })
      // What is not cached is handed out as all others: with the declared fields, or as many items as are kept.
      return isDeclined ? decodeValue(format, encodeValue(format.codec, key, value)) : value
    }
    return (await this.#reads.getOrLoad(key, shaped, this.#settings)).value
  }

  async get(id: KeyPart): Promise<Lookup<unknown>> {
    const key = this.key(id)
    const near = this.#reads.near(key, this.#settings)
    if (near !== undefined) return { found: true, value: near }
    const served = await this.#reads.get(key, this.#settings)
    return served ? { found: true, value: served.value } : { found: false, value: undefined }
  }

  /** Reads a part of a value by itself; undefined where none is cached. @param part The same shape, of which less is read. */
  part(part: Shape<Change>): (id: KeyPart) => Promise<{ readonly value: unknown } | undefined> {
    const { options, around } = this.#parts
    const store = shapedStore(options.store, part, options.namespaceKeys)
    const settings = { ...this.#settings, near: false, format: withCodec(this.#settings.format, part.codec) }
    const reads = new ReadThrough({ ...options, store, compression: undefined }, around)
    return async (id) => {
      const key = this.key(id)
      const near = this.#reads.near(key, this.#settings)
      if (near !== undefined) return { value: near }
      const found = await reads.find(key, settings)
      if (found) around.hit(key, false)
      return found
    }
  }

  /**
   * Writes, and changes what is cached in place: where a value stands that no other writer is about, and nothing else has
   * happened to it when the write is made. Else it is void, and the write runs behind a barrier.
   *
   * A writer who dies leaves nothing stale for longer than `barrierTtl`, if it has committed within that time.
   *
   * @param write Commits, and returns the change; null where what is cached is to be void.
   * @throws what `write` throws. {@link StoreError} {@link InvalidKeyError} {@link CacheClosedError}
   */
  async amend(operation: string, id: KeyPart, write: () => Promise<Change | null>): Promise<Updated> {
    const { options, refuseWhenClosed } = this.#parts
    const key = this.key(id)
    refuseWhenClosed(operation)
    const target = { operation, key, inStore: storeKey(options.namespace, key), opened: newToken() }
    if (!(await this.#opens(target))) return this.#behindBarrier(target, write)

    let change: Change | null
    try {
      change = await write()
    } catch (error) {
      // Part of it may have been committed. What its writer has to know is its own error.
      await this.#apply(target, null).catch(() => {})
      throw error
    }
    return this.#apply(target, change)
  }

  async #opens({ operation, key, inStore, opened }: Target): Promise<boolean> {
    const { options, around } = this.#parts
    // What is loaded after it is gone could be from a replica that lags: nothing that others may take away is left.
    if (options.settle > 0) return false
    try {
      const format = this.#settings.format.name
      return await this.#store.open(inStore, { id: opened, ttl: options.barrierTtl, format })
    } catch (error) {
      around.report({ type: 'store-error', operation, key, error })
      return false // Redis away is what the barrier tells.
    }
  }

  async #behindBarrier({ operation, key, inStore }: Target, write: () => Promise<unknown>): Promise<Updated> {
    const { options, around, invalidations } = this.#parts
    const { settle, barrierTtl } = options
    const targets = { keys: [key], storeKeys: [inStore], tags: [], storeTags: [] }
    around.flights.forget(inStore)
    const request = { operation, ...targets, settle, everywhere: false, barrierTtl, write }
    await writeBehindBarrier(request, { ...options, ...around, invalidations })
    return invalidations.isPending(inStore) ? 'pending' : 'uncached'
  }

  /** @param change Null: what is cached is void. */
  async #apply(target: Target, change: Change | null): Promise<Updated> {
    const { options, invalidations } = this.#parts
    const { operation, key, inStore, opened } = target
    let accepted = false
    const acknowledgement = await invalidations.send({
      operation,
      keys: [key],
      storeKeys: [inStore],
      tags: [],
      storeTags: [],
      settle: options.settle,
      everywhere: false,
      send: async () => {
        accepted = change !== null && this.#fits(change) && (await this.#accepts(target, change))
        // It may be in a barrier by now: where another writer came, or the key was invalidated.
        if (!accepted) await options.store.lower(inStore, { token: opened, settle: 0 })
      },
      told: () => (accepted ? { type: 'update', operation, key } : { type: 'invalidate', keys: [key] }),
      next: written,
    })
    if (acknowledgement === 'pending') return 'pending'
    return accepted ? 'updated' : 'uncached'
  }

  /** What is larger by itself than a value may be would only be unreadable. */
  #fits(change: Change): boolean {
    return this.#shape.sizeOf(change) <= this.#settings.format.maxValueSize
  }

  async #accepts({ operation, key, inStore, opened }: Target, change: Change): Promise<boolean> {
    try {
      return (await this.#store.amend(inStore, { opened, id: newToken(), change })) === 'accepted'
    } catch (error) {
      // It may come about yet, unless the key is void before.
      this.#parts.around.report({ type: 'store-error', operation, key, error })
      return false
    }
  }
}
