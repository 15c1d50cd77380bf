import { cacheKey, type KeyPart } from '../entry/key.ts'
import {
  type BatchContext,
  type BatchLoader,
  type BatchResult,
  type ValueIn,
  valuesInOrder,
} from '../load/batch-load.ts'
import type { Loader } from '../load/run-loader.ts'
import { escapePattern } from '../protocol/glob.ts'
import { valuesOf } from './batches.ts'
import type { CacheAside } from './cache.ts'
import type { GatheredRead } from './gathered-reads.ts'
import type { Acknowledgement } from './invalidations.ts'
import type { PatternOptions, PatternResult } from './patterns.ts'
import type { Lookup, Served } from './read-through.ts'
import type { ReadOptions, WriteOptions } from './settings.ts'
import type { ClearOptions, InvalidateOptions, MutateOptions } from './write-options.ts'

type Names = string | readonly string[]

/**
 * A part of a cache: the same calls, under keys and tags of its own. Its values also have the tag `<name>:*`, which is what
 * `clear` voids. Events, statistics and the connection are those of the whole.
 */
export class ChildCache {
  readonly #whole: CacheAside
  readonly #path: string
  /** Of this child, and of those that it is a child of. */
  readonly #parts: readonly string[]

  /** @param path As a part of a key. @param parts Of those that it is a child of. Made by `child`. */
  constructor(whole: CacheAside, path: string, parts: readonly string[] = []) {
    this.#whole = whole
    this.#path = path
    this.#parts = [...parts, `${path}:*`]
  }

  /** {@link CacheAside.getOrLoad} */
  async getOrLoad<T>(key: string, load: Loader<T>, options?: ReadOptions<NoInfer<T>>): Promise<T> {
    return this.#whole.getOrLoad(this.#named(key), this.#loader(load), this.#within(options))
  }

  /** {@link CacheAside.getOrLoadEntry} */
  async getOrLoadEntry<T>(key: string, load: Loader<T>, options?: ReadOptions<NoInfer<T>>): Promise<Served<T>> {
    return this.#whole.getOrLoadEntry(this.#named(key), this.#loader(load), this.#within(options))
  }

  /** {@link CacheAside.getOrLoadMany}, which is given keys of this part. */
  async getOrLoadMany<Result extends BatchResult<unknown>>(
    keys: readonly string[],
    loadMany: BatchLoader<Result>,
    options?: ReadOptions<ValueIn<NoInfer<Result>>>,
  ): Promise<Map<string, ValueIn<Result>>> {
    return valuesOf(await this.getOrLoadManySettled(keys, loadMany, options))
  }

  /** {@link CacheAside.getOrLoadManySettled}, which is given keys of this part. */
  async getOrLoadManySettled<Result extends BatchResult<unknown>>(
    keys: readonly string[],
    loadMany: BatchLoader<Result>,
    options?: ReadOptions<ValueIn<NoInfer<Result>>>,
  ): Promise<Map<string, PromiseSettledResult<ValueIn<Result>>>> {
    const load = async (wholeKeys: readonly string[], context: BatchContext) => {
      const own = wholeKeys.map((key) => this.#own(key))
      return valuesInOrder(await loadMany(own, context), own) as readonly ValueIn<Result>[]
    }
    const whole = Array.isArray(keys) ? this.#all(keys) : keys // What is no list is for the whole to refuse.
    const settled = await this.#whole.getOrLoadManySettled(whole, load, this.#within(options))
    return new Map([...settled].map(([key, outcome]) => [this.#own(key), outcome]))
  }

  /** {@link CacheAside.gathered} */
  gathered<Result extends BatchResult<unknown, Given>, Given = string>(
    loadMany: BatchLoader<Result, Given>,
    options?: ReadOptions<ValueIn<NoInfer<Result>>>,
  ): GatheredRead<ValueIn<Result>, Given> {
    const read = this.#whole.gathered(loadMany, this.#within(options))
    // Tags of a call stand above those of all; without, those of all stand.
    return (key, given, own) => read(this.#named(key), given, own?.tags === undefined ? own : this.#within(own))
  }

  /** {@link CacheAside.get} */
  async get<T>(key: string, options?: ReadOptions<T>): Promise<Lookup<T>> {
    return this.#whole.get(this.#named(key), this.#within(options))
  }

  /** {@link CacheAside.set} */
  async set<T>(key: string, value: T, options?: WriteOptions<NoInfer<T>>): Promise<boolean> {
    return this.#whole.set(this.#named(key), value, this.#within(options))
  }

  /** {@link CacheAside.invalidate} */
  async invalidate(keys: Names, options?: InvalidateOptions): Promise<Acknowledgement> {
    return this.#whole.invalidate(this.#all(keys), options)
  }

  /** {@link CacheAside.expire} */
  async expire(keys: Names): Promise<Acknowledgement> {
    return this.#whole.expire(this.#all(keys))
  }

  /** {@link CacheAside.invalidateTag} */
  async invalidateTag(tags: Names, options?: InvalidateOptions): Promise<Acknowledgement> {
    return this.#whole.invalidateTag(this.#all(tags), options)
  }

  /** {@link CacheAside.expireTag} */
  async expireTag(tags: Names): Promise<Acknowledgement> {
    return this.#whole.expireTag(this.#all(tags))
  }

  /** Voids everything in this part of the cache; {@link CacheAside.clear}. */
  async clear(options?: ClearOptions): Promise<Acknowledgement> {
    return this.#whole.invalidateTag(`${this.#path}:*`, options)
  }

  /** {@link CacheAside.invalidatePattern} */
  async invalidatePattern(pattern: string, options?: PatternOptions): Promise<PatternResult> {
    const within = typeof pattern === 'string' && pattern !== '' ? `${escapePattern(this.#path)}:${pattern}` : pattern
    return this.#whole.invalidatePattern(within, options)
  }

  /** {@link CacheAside.mutate} */
  async mutate<T>(keys: Names, write: () => T | PromiseLike<T>, options?: MutateOptions): Promise<T> {
    const { tags = [], ...others } = options ?? {}
    return this.#whole.mutate(this.#all(keys), write, { ...others, tags: this.#all(tags) })
  }

  /** {@link CacheAside.writeThrough} */
  async writeThrough<T>(key: string, write: () => T | PromiseLike<T>, options?: WriteOptions<NoInfer<T>>): Promise<T> {
    return this.#whole.writeThrough(this.#named(key), write, this.#within(options))
  }

  /** {@link CacheAside.ttl} */
  async ttl(key: string, options?: ReadOptions): Promise<number | null> {
    return this.#whole.ttl(this.#named(key), this.#within(options))
  }

  /** {@link CacheAside.child} */
  child(name: KeyPart): ChildCache {
    return new ChildCache(this.#whole, `${this.#path}:${cacheKey(name)}`, this.#parts)
  }

  #named(name: string): string {
    // What is no name is for the whole to refuse.
    return typeof name === 'string' && name !== '' ? `${this.#path}:${name}` : name
  }

  /** It is told the key as its caller knows it. */
  #loader<T>(load: Loader<T>): Loader<T> {
    return (context) => load({ ...context, key: this.#own(context.key) })
  }

  #own(key: string): string {
    return key.slice(this.#path.length + 1)
  }

  #all(names: Names): readonly string[] {
    if (typeof names === 'string') return [this.#named(names)]
    return Array.isArray(names) ? names.map((name) => this.#named(name)) : names
  }

  #within<T>(options: WriteOptions<T> | undefined): ReadOptions<T> {
    const tags = options?.tags
    if (tags === undefined || Array.isArray(tags))
      return { ...options, tags: [...this.#parts, ...this.#all(tags ?? [])] }
    if (typeof tags !== 'function') return options as ReadOptions<T> // For the whole to refuse.
    return { ...options, tags: (value: T, key: string) => [...this.#parts, ...this.#all(tags(value, this.#own(key)))] }
  }
}
