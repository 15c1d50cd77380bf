import { isMap } from 'node:util/types'
import { valuesOf } from '../cache/batches.ts'
import type { ReadOptions } from '../cache/settings.ts'
import type { MutateOptions } from '../cache/write-options.ts'
import { type BatchLoader, type BatchResult, valuesInOrder } from '../load/batch-load.ts'
import type { DefinedOn, DefinedValues } from './defined-values.ts'
import type { Definition } from './definition.ts'

type Read = (key: string, argument: unknown) => Promise<unknown>
type Write<Result> = () => Result | PromiseLike<Result>

/** An argument that is loaded with others. */
interface Asked {
  readonly key: string
  readonly argument: unknown
}

/** The methods of a definition on a cache. */
export function bindDefinition(definition: Definition, cache: DefinedOn): DefinedValues<unknown, unknown> {
  const { keyOf, load, tagsOf, options } = definition
  const optionsOf = (argument: unknown): ReadOptions =>
    tagsOf ? { ...options, tags: (value) => tagsOf(value, argument) } : options

  const alone: Read | undefined =
    load && ((key, argument) => cache.getOrLoad(key, (context) => load(argument, context), optionsOf(argument)))
  const gathered = definition.loadMany && cache.gathered(loaderOf(definition), options)
  const together: Read | undefined =
    gathered && ((key, argument) => gathered(key, { key, argument }, tagsOf && optionsOf(argument)))
  // `checkDefinition` has seen to it that there is one.
  const read = (definition.batches ? together : alone) as Read
  const readMany = (together ?? alone) as Read

  const getManySettled = async (list: readonly unknown[]) => {
    const keys = list.map(keyOf) // All are checked before the first is read.
    const settled = await Promise.allSettled(keys.map((key, index) => readMany(key, list[index])))
    return new Map(list.map((argument, index) => [argument, settled[index] as PromiseSettledResult<unknown>]))
  }

  return {
    name: definition.name,
    key: (...[argument]) => keyOf(argument),
    get: async (...[argument]) => read(keyOf(argument), argument),
    getManySettled,
    getMany: async (list) => valuesOf(await getManySettled(list)),
    set: async (...given: readonly unknown[]) => {
      const { argument, rest } = split(given, given.length - 1)
      return cache.set(keyOf(argument), rest[0], optionsOf(argument))
    },
    invalidate: async (...[argument]) => cache.invalidate(keyOf(argument)),
    expire: async (...[argument]) => cache.expire(keyOf(argument)),
    mutate: async <Result>(...given: readonly unknown[]) => {
      const { argument, rest } = split(given, typeof given[1] === 'function' ? 1 : 0)
      const [write, mutateOptions] = rest as [Write<Result>, MutateOptions?]
      return cache.mutate(keyOf(argument), write, mutateOptions)
    },
    writeThrough: async (...given: readonly unknown[]) => {
      const { argument, rest } = split(given, given.length - 1)
      return cache.writeThrough(keyOf(argument), rest[0] as Write<unknown>, optionsOf(argument))
    },
    invalidateTag: (tags, ...rest) => cache.invalidateTag(tags, ...rest),
    expireTag: (tags) => cache.expireTag(tags),
  }
}

/** The argument, if one stands before what is given with it. */
function split(given: readonly unknown[], before: number): { argument: unknown; rest: readonly unknown[] } {
  return { argument: before > 0 ? given[0] : undefined, rest: given.slice(before) }
}

/** `loadMany` for what is asked: a map by argument may have arguments that are equal, and not the same. */
function loaderOf({ keyOf, loadMany }: Definition): BatchLoader<BatchResult<unknown, Asked>, Asked> {
  return async (asked, context) => {
    const list = asked.map(({ argument }) => argument)
    const found = await loadMany?.(list, context)
    if (!isMap(found)) return found as readonly unknown[]
    const byKey = new Map([...found].map(([argument, value]) => [keyOf(argument), value]))
    const keys = asked.map(({ key }) => key)
    return valuesInOrder(byKey, keys)
  }
}
