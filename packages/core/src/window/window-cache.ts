import type { CacheAside } from '../cache/cache.ts'
import type { Lookup } from '../cache/read-through.ts'
import type { Acknowledgement } from '../cache/invalidations.ts'
import { shown } from '../cache/settings.ts'
import { ShapedCache, type Updated } from '../cache/shaped-cache.ts'
import type { InvalidateOptions } from '../cache/write-options.ts'
import type { KeyPart } from '../entry/key.ts'
import { InvalidOptionsError, UncacheableValueError } from '../errors.ts'
import type { Loader } from '../load/run-loader.ts'
import type { Limit } from './limit.ts'
import { resolveWindow, type WindowCacheOptions } from './options.ts'
import { type Texts, textsOf } from './window-codec.ts'
import { windowShape } from './window-shape.ts'

/**
 * The newest items of conversations or feeds, each a Redis list that people can read: the last messages of a chat, say.
 *
 * It stands on a {@link CacheAside}, and keeps what that promises: after `append` or `invalidate` has resolved, no read in
 * any process returns what was before, and however many callers miss a window at once, one of them loads it. Items that
 * are appended while it is loaded are neither lost nor doubled, nor out of order.
 *
 * @example
 * const chats = new WindowCache<Message>({ cache, name: 'chat', limit: 20, ttl: '24h' })
 * const history = await chats.getOrLoad('c-1', () => database.lastMessages('c-1', 20))
 * await chats.append('c-1', async () => [await database.addMessage('c-1', 'user', 'Where is my lamp?')])
 *
 * @see docs/windows.md
 */
export class WindowCache<T> {
  readonly #cache: CacheAside
  readonly #limit: Limit
  readonly #windows: ShapedCache<Texts>

  /** @throws {InvalidOptionsError} which names every option that is wrong and shows a right value. */
  constructor(options: WindowCacheOptions<T>) {
    const { limit, ...shaped } = resolveWindow(options)
    this.#limit = limit
    this.#windows = new ShapedCache(shaped, windowShape(limit))
    this.#cache = shaped.cache
  }

  /** The key of a window in the cache, for `cache.mutate` and what else goes by keys. @throws {InvalidKeyError} */
  key(id: KeyPart): string {
    return this.#windows.key(id)
  }

  /**
   * Returns the newest items, oldest first, loading them when the cache has none: {@link CacheAside.getOrLoad}.
   *
   * @param load Reads the source of truth: the newest items, oldest first, at least as many as are kept or all there are.
   *   What is older than that is left out. Without any it is an empty array, and cached.
   * @throws {UncacheableValueError} for what is no array, for an item that JSON cannot hold, and for a weight that is no
   *   whole number from 0.
   * @throws {LoadTimeoutError} {@link InvalidKeyError} and what `load` throws.
   */
  async getOrLoad(id: KeyPart, load: Loader<readonly T[]>): Promise<T[]> {
    return (await this.#windows.getOrLoad(id, load)) as T[]
  }

  /** Returns the newest items, oldest first, if they are cached. Redis away is "not found", with a `store-error` event. @throws {InvalidKeyError} */
  async get(id: KeyPart): Promise<Lookup<T[]>> {
    return (await this.#windows.get(id)) as Lookup<T[]>
  }

  /**
   * Adds items to a window where it is cached, takes off what is too old for it then, and renews its TTL by the same step.
   * Once it has resolved, no read that starts afterwards, in any process, is without them.
   *
   * Loads of the window that are under way are fenced off. Where none is cached, or another `append` is under way, the write
   * runs behind a barrier and nothing is cached: nobody can tell here which came last.
   *
   * @param write Commits, and returns the items that it has added, oldest first. It has to be given, and not what is written
   *   already: nobody could tell then whether a load has read that.
   * @returns `'uncached'` where no window is cached: none was, or it is void now. `'pending'` only with `onUnreachable:
   *   'journal'`.
   * @throws {StoreError} if Redis did not acknowledge it; the message says whether the write was made.
   * @throws {UncacheableValueError} {@link getOrLoad} The window is void then, and the write is made.
   * @throws what `write` throws, as it was thrown. {@link InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   *
   * @example
   * await chats.append('c-1', async () => [await database.addMessage('c-1', 'user', 'Where is my lamp?')])
   */
  async append(id: KeyPart, write: () => readonly T[] | PromiseLike<readonly T[]>): Promise<Updated> {
    if (typeof write !== 'function') {
      const expected = 'a function that writes items, such as async () => [await database.add(item)]'
      throw new InvalidOptionsError([{ option: 'write', expected, got: shown(write) }])
    }
    return this.#windows.amend('append', id, async () => this.#textsOf(id, await write()))
  }

  /** Voids one or many windows, for what is changed or deleted and not added: {@link CacheAside.invalidate}. */
  async invalidate(ids: KeyPart | readonly KeyPart[], options?: InvalidateOptions): Promise<Acknowledgement> {
    const named = Array.isArray(ids) ? (ids as readonly KeyPart[]) : [ids as KeyPart]
    return this.#cache.invalidate(
      named.map((id) => this.key(id)),
      options,
    )
  }

  /** @throws {UncacheableValueError} */
  #textsOf(id: KeyPart, items: readonly T[]): Texts {
    try {
      return textsOf(items, this.#limit)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new UncacheableValueError(this.key(id), reason, { cause: error })
    }
  }
}
