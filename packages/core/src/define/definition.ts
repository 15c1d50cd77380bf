import {
  defaultSettings,
  type ReadOptions,
  readSettings,
  refuseNonObject,
  refuseUnknown,
  settingNames,
  shown,
} from '../cache/settings.ts'
import { argumentKey } from '../entry/argument-key.ts'
import { cacheKey, type KeyPart } from '../entry/key.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import type { BatchContext, BatchResult, ValueIn } from '../load/batch-load.ts'
import type { LoadContext } from '../load/run-loader.ts'

/** The values of a definition: those that `load` gives, and those that `loadMany` gives. */
export type ValueOf<One, Many> = [Many] extends [never]
  ? One
  : unknown extends One
    ? ValueIn<Many>
    : One | ValueIn<Many>

type LoadOne<Argument, One> = (argument: Argument, context: LoadContext) => One | PromiseLike<One>
type LoadMany<Argument, Many> = (list: readonly Argument[], context: BatchContext) => Many | PromiseLike<Many>

type Loaders<Argument, One, Many> =
  | {
      /** Reads one value, as the loader of `getOrLoad` does. It stands before `tags` and `key`, to which it gives their types. */
      readonly load: LoadOne<Argument, One>
      /**
       * Reads many: returns their values in order, or a map by argument. A `null`, or nothing in the map: there is none.
       * An `Error` in a list fails the one in its place.
       */
      readonly loadMany?: LoadMany<Argument, Many>
      /** Whether `get` loads with `loadMany` too, the calls of one tick together. Default: only without a `load`. */
      readonly batch?: boolean
    }
  | { readonly load?: undefined; readonly loadMany: LoadMany<Argument, Many>; readonly batch?: true }

interface Description<Argument, Value> extends Omit<ReadOptions, 'tags'> {
  /** The first part of its keys. Definitions that have one name have their entries in common. 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly name: string
  /**
   * The parts of a key after its name. Default: text and numbers as they are, `1` and `'1'` being one key; other data in
   * a form of its own; what is no data is refused.
   */
  readonly key?: (argument: NoInfer<Argument>) => KeyPart | readonly KeyPart[]
  /** Tags of all its values, or of each. Build tags of input with `cacheKey`. */
  readonly tags?: readonly string[] | ((value: NoInfer<Value>, argument: NoInfer<Argument>) => readonly string[])
}

export type DefinitionOptions<Argument, One, Many> = Description<Argument, ValueOf<One, Many>> &
  Loaders<Argument, One, Many>

/** A definition whose options were checked. Its types are known to its callers. */
export interface Definition {
  readonly name: string
  readonly load: LoadOne<unknown, unknown> | undefined
  readonly loadMany: LoadMany<unknown, BatchResult<unknown, unknown>> | undefined
  /** Whether `get` loads with `loadMany`. */
  readonly batches: boolean
  /** Those of every call; with `tags` that are the same for all values. */
  readonly options: ReadOptions
  readonly tagsOf: ((value: unknown, argument: unknown) => readonly string[]) | undefined
  /** @throws {InvalidKeyError} */
  readonly keyOf: (argument: unknown) => string
}

const known: ReadonlySet<string> = new Set(['name', 'key', 'load', 'loadMany', 'batch', 'tags', ...settingNames])

/** @throws {InvalidOptionsError} which names the definition, and every option that is wrong. */
export function checkDefinition(given: object): Definition {
  refuseNonObject(given)
  const problems: OptionProblem[] = []
  const { name, key, load, loadMany, batch, tags, ...rest } = given as DefinitionOptions<
    unknown,
    unknown,
    BatchResult<unknown, unknown>
  >
  const check = (right: boolean, option: string, expected: string, got: unknown) => {
    if (!right) problems.push({ option, expected, got: shown(got) })
  }
  const isFunction = (value: unknown) => typeof value === 'function'
  const tagsOf = typeof tags === 'function' ? tags : undefined
  const options: ReadOptions = tagsOf || tags === undefined ? rest : { ...rest, tags }
  const isName = typeof name === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(name)

  refuseUnknown(given, known, problems)
  check(isName, 'name', "1 to 64 of A-Z a-z 0-9 . _ -, such as 'product'", name)
  check(key === undefined || isFunction(key), 'key', 'a function that gives the parts of a key', key)
  check(isFunction(load ?? loadMany), 'load', 'a loader, such as (id) => database.product(id), or loadMany', load)
  check(isFunction(loadMany ?? load), 'loadMany', 'a loader, such as (ids) => database.products(ids)', loadMany)
  check(batch === undefined || typeof batch === 'boolean', 'batch', 'true or false', batch)
  check(batch !== true || loadMany !== undefined, 'batch', 'to be left out without loadMany', batch)
  check(batch !== false || load !== undefined, 'batch', 'to be left out without load', batch)
  readSettings(options, defaultSettings, problems)

  if (problems.length > 0) {
    const of = isName ? `${name}.` : ''
    throw new InvalidOptionsError(problems.map((problem) => ({ ...problem, option: `${of}${problem.option}` })))
  }
  return {
    name,
    load,
    loadMany,
    batches: loadMany !== undefined && (batch ?? load === undefined),
    options: Object.freeze(options),
    tagsOf,
    keyOf: (argument) => {
      if (!key) return argumentKey(name, argument)
      const parts = key(argument)
      return cacheKey(name, ...(Array.isArray(parts) ? (parts as readonly KeyPart[]) : [parts as KeyPart]))
    },
  }
}
