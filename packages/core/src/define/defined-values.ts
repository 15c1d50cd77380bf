import type { CacheAside } from '../cache/cache.ts'
import type { Acknowledgement } from '../cache/invalidations.ts'
import type { MutateOptions } from '../cache/write-options.ts'

/** The argument of a definition as its methods take it: none where `load` has none, and optional where it is to `load`. */
export type ArgumentOf<Argument> = 0 extends 1 & Argument
  ? [argument: Argument]
  : [Argument] extends [void]
    ? []
    : undefined extends Argument
      ? [argument?: Argument]
      : [argument: Argument]

/** What a definition uses of a cache. */
export type DefinedOn = Pick<
  CacheAside,
  'getOrLoad' | 'gathered' | 'set' | 'invalidate' | 'expire' | 'mutate' | 'writeThrough' | 'invalidateTag' | 'expireTag'
>

/**
 * A definition on a cache. Each method is that of the cache, with the key, loader, tags and options of the definition, and
 * makes the same promises; it can be handed on by itself.
 *
 * @throws {InvalidKeyError} for an argument that needs the option `key`.
 */
export interface DefinedValue<Argument, Value> {
  readonly name: string
  /** {@link CacheDefinition.key} */
  readonly key: (...argument: ArgumentOf<Argument>) => string
  /** {@link CacheAside.getOrLoad} */
  readonly get: (...argument: ArgumentOf<Argument>) => Promise<Value>
  /** {@link CacheAside.set} */
  readonly set: (...given: [...argument: ArgumentOf<Argument>, value: Value]) => Promise<boolean>
  /** {@link CacheAside.invalidate}; of several: `cache.invalidate([products.key(1), products.key(2)])`. */
  readonly invalidate: (...argument: ArgumentOf<Argument>) => Promise<Acknowledgement>
  /** {@link CacheAside.expire} */
  readonly expire: (...argument: ArgumentOf<Argument>) => Promise<Acknowledgement>
  /** {@link CacheAside.mutate} */
  readonly mutate: <Result>(
    ...given: [...argument: ArgumentOf<Argument>, write: () => Result | PromiseLike<Result>, options?: MutateOptions]
  ) => Promise<Result>
  /** {@link CacheAside.writeThrough} */
  readonly writeThrough: (
    ...given: [...argument: ArgumentOf<Argument>, write: () => Value | PromiseLike<Value>]
  ) => Promise<Value>
  /** {@link CacheAside.invalidateTag}: with the tag, values of other definitions too. */
  readonly invalidateTag: CacheAside['invalidateTag']
  /** {@link CacheAside.expireTag} */
  readonly expireTag: CacheAside['expireTag']
}

/** A definition with an argument, on a cache. */
export interface DefinedValues<Argument, Value> extends DefinedValue<Argument, Value> {
  /**
   * The values of many arguments, by the arguments as they were given and in their order. What is missing is loaded by one
   * `loadMany`, or by `load` each.
   *
   * @throws what the first of them fails with; `getManySettled` gives the others.
   */
  readonly getMany: (list: readonly Argument[]) => Promise<Map<Argument, Value>>
  /** As `getMany`, and says of each whether it failed. */
  readonly getManySettled: (list: readonly Argument[]) => Promise<Map<Argument, PromiseSettledResult<Value>>>
}
