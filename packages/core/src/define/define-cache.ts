import type { BatchResult } from '../load/batch-load.ts'
import { bindDefinition } from './bind-definition.ts'
import type { ArgumentOf, DefinedOn, DefinedValue, DefinedValues } from './defined-values.ts'
import { checkDefinition, type DefinitionOptions, type ValueOf } from './definition.ts'

/** One kind of cached value: its name, keys, loaders, tags and options, for any cache. */
export interface CacheDefinition<Argument, Value> {
  readonly name: string
  /**
   * The key of a value, for what works with keys: `@CacheInvalidate`, logs, `cache.invalidate` of several.
   * @throws {InvalidKeyError} for an argument that needs the option `key`.
   */
  readonly key: (...argument: ArgumentOf<Argument>) => string
  /** The values of this definition in one cache, or in a child of it. */
  bind(
    cache: DefinedOn,
  ): [ArgumentOf<Argument>] extends [[]] ? DefinedValue<Argument, Value> : DefinedValues<Argument, Value>
}

/**
 * Says once what a kind of cached value is called, where it comes from and how long it is kept. The types of its argument
 * and values come from its loaders.
 *
 * @throws {InvalidOptionsError} which names the definition, and every option that is wrong.
 *
 * @example
 * const products = defineCache({
 *   name: 'product',
 *   load: (id: string) => database.product(id),
 *   tags: (product) => (product === null ? [] : [cacheKey('category', product.categoryId)]),
 *   ttl: '5m',
 * }).bind(cache)
 *
 * const product = await products.get('p-001')
 * await products.mutate('p-001', () => database.rename('p-001', 'Lamp'))
 */
export function defineCache<Argument = void, One = unknown, Many extends BatchResult<One | null, Argument> = never>(
  options: DefinitionOptions<Argument, One, Many>,
): CacheDefinition<Argument, ValueOf<One, Many>> {
  const definition = checkDefinition(options)
  return {
    name: definition.name,
    key: (...[argument]) => definition.keyOf(argument),
    // What its options are typed with, its methods are typed with.
    bind: (cache) => bindDefinition(definition, cache) as never,
  }
}
