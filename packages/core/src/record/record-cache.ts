import { LRUCache } from 'lru-cache'
import type { Acknowledgement } from '../cache/invalidations.ts'
import type { Lookup } from '../cache/read-through.ts'
import { refuseNonObject, refuseUnknown, shown } from '../cache/settings.ts'
import { ShapedCache, type Updated } from '../cache/shaped-cache.ts'
import { resolveShaped, type ShapedOptions, shapedOptionNames } from '../cache/shaped-options.ts'
import type { InvalidateOptions } from '../cache/write-options.ts'
import type { KeyPart } from '../entry/key.ts'
import { InvalidOptionsError, type OptionProblem, UncacheableValueError } from '../errors.ts'
import type { Loader } from '../load/run-loader.ts'
import { type Fields, readFields, type RecordIn } from './fields.ts'
import { type FieldChange, RecordShape } from './record-shape.ts'

export interface RecordCacheOptions<Declared extends Fields> extends ShapedOptions {
  /** The fields of a record and their types. Others that a loaded row has are not cached, and not returned either. */
  readonly fields: Declared
}

/** The records of a cache. @example type Product = RecordOf<typeof products> */
export type RecordOf<Cache> = Cache extends RecordCache<infer Declared> ? RecordIn<Declared> : never

/** Some fields of a record, or that there is none. */
type FieldsIn<Declared extends Fields> = Partial<RecordIn<Declared>> | null

/** Sets of fields that are read by themselves, and remembered. */
const mostParts = 100

const known: ReadonlySet<string> = new Set([...shapedOptionNames, 'fields'])

/**
 * Records with fields of their own, each a Redis hash that people can read: a field is read and written by itself, and is
 * of the type that it is declared with.
 *
 * It stands on a {@link CacheAside}, and keeps what that promises: after `updateFields` or `invalidate` has resolved, no
 * read in any process returns what was before, and however many callers miss a record at once, one of them loads it.
 *
 * @example
 * const products = new RecordCache({
 *   cache,
 *   name: 'product',
 *   fields: { name: 'string', stock: 'number', updatedAt: 'date', note: 'string?', attributes: json<Attributes>() },
 *   ttl: '10m',
 * })
 * const product = await products.getOrLoad('p-001', () => database.product('p-001'))
 * await products.updateFields('p-001', () => database.sell('p-001')) // { stock: 4 }
 *
 * @see docs/records.md
 */
export class RecordCache<const Declared extends Fields> {
  readonly #cache: ShapedOptions['cache']
  readonly #shape: RecordShape
  readonly #records: ShapedCache<FieldChange>
  readonly #parts = new LRUCache<string, ReturnType<ShapedCache<FieldChange>['part']>>({ max: mostParts })

  /** @throws {InvalidOptionsError} which names every option that is wrong and shows a right value. */
  constructor(options: RecordCacheOptions<Declared>) {
    refuseNonObject(options)
    const problems: OptionProblem[] = []
    refuseUnknown(options, known, problems)
    const { fields, ...shaped } = options
    this.#shape = new RecordShape(readFields(fields, problems))
    this.#records = new ShapedCache(resolveShaped(shaped, {}, problems), this.#shape)
    this.#cache = options.cache
  }

  /** The key of a record in the cache, for `cache.mutate` and what else goes by keys. @throws {InvalidKeyError} */
  key(id: KeyPart): string {
    return this.#records.key(id)
  }

  /**
   * Returns a record, loading it when the cache has none: {@link CacheAside.getOrLoad}.
   *
   * @param load Reads the source of truth: a row with all declared fields, or null for "does not exist".
   * @throws {UncacheableValueError} for a row that lacks a field, or has another type in it than declared.
   * @throws {LoadTimeoutError} {@link InvalidKeyError} and what `load` throws.
   */
  async getOrLoad(id: KeyPart, load: Loader<RecordIn<Declared> | null>): Promise<RecordIn<Declared> | null> {
    return (await this.#records.getOrLoad(id, load)) as RecordIn<Declared> | null
  }

  /**
   * Some fields of a record: these alone are read, and the whole record is loaded when the cache has none.
   *
   * @throws {InvalidOptionsError} for a field that is not declared. {@link getOrLoad}
   *
   * @example
   * const left = await products.getFields('p-001', ['stock'], () => database.product('p-001'))
   */
  async getFields<Name extends keyof Declared & string>(
    id: KeyPart,
    names: readonly Name[],
    load: Loader<RecordIn<Declared> | null>,
  ): Promise<Pick<RecordIn<Declared>, Name> | null> {
    const found = await this.#part(names)(id)
    const record = found ? found.value : await this.#records.getOrLoad(id, load)
    return record === null ? null : (picked(record as object, names) as Pick<RecordIn<Declared>, Name>)
  }

  /** Returns a record if it is cached. Redis away is "not found", with a `store-error` event. @throws {InvalidKeyError} */
  async get(id: KeyPart): Promise<Lookup<RecordIn<Declared> | null>> {
    return (await this.#records.get(id)) as Lookup<RecordIn<Declared> | null>
  }

  /**
   * Writes some fields of a record where it is cached, and begins its TTL anew by the same step: it is never cached in part.
   * Once
   * it has resolved, no read that starts afterwards, in any process, returns what these fields were before.
   *
   * Loads of the record that are under way are fenced off. Where anything else has happened to the record since the call
   * began, such as another `updateFields`, it is void: nobody can tell here which came last.
   *
   * @param write Commits, and returns the fields that it has changed as they are now, all of them; null where there is no such
   *   record any more; what is not declared is left out. It has to be given, and not what is written already: nobody could tell then what others have written
   *   and loaded since.
   * @returns `'uncached'` where no record is cached: nothing was, or it is void now. `'pending'` only with `onUnreachable:
   *   'journal'`.
   * @throws {StoreError} if Redis did not acknowledge it; the message says whether the write was made.
   * @throws {UncacheableValueError} for a field that is not declared, or another type in it than declared. The record is void
   *   then, and the write is made.
   * @throws what `write` throws, as it was thrown. {@link InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   *
   * @example
   * await products.updateFields('p-001', async () => {
   *   const [{ stock }] = await database.query('update product set stock = stock - 1 where id = $1 returning stock', ['p-001'])
   *   return { stock }
   * })
   */
  async updateFields(id: KeyPart, write: () => FieldsIn<Declared> | PromiseLike<FieldsIn<Declared>>): Promise<Updated> {
    if (typeof write !== 'function') {
      const expected = 'a function that writes fields, such as async () => ({ stock: await database.sell(id) })'
      throw new InvalidOptionsError([{ option: 'write', expected, got: shown(write) }])
    }
    return this.#records.amend('updateFields', id, async () => {
      const fields = await write()
      return fields === null ? null : this.#changeOf(id, fields)
    })
  }

  /** Voids one or many records: {@link CacheAside.invalidate}. */
  async invalidate(ids: KeyPart | readonly KeyPart[], options?: InvalidateOptions): Promise<Acknowledgement> {
    const named = Array.isArray(ids) ? (ids as readonly KeyPart[]) : [ids as KeyPart]
    return this.#cache.invalidate(
      named.map((id) => this.key(id)),
      options,
    )
  }

  /** @throws {InvalidOptionsError} */
  #part(names: readonly string[]): ReturnType<ShapedCache<FieldChange>['part']> {
    const joined = String(names)
    let part = this.#parts.get(joined)
    if (!part) {
      part = this.#records.part(this.#shape.part(names))
      this.#parts.set(joined, part)
    }
    return part
  }

  /** @throws {UncacheableValueError} */
  #changeOf(id: KeyPart, fields: object): FieldChange {
    try {
      return this.#shape.changeOf(fields)
    } catch (error) {
      throw new UncacheableValueError(this.key(id), error instanceof Error ? error.message : String(error), {
        cause: error,
      })
    }
  }
}

const picked = (record: object, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)))
