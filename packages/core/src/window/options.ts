import { refuseNonObject, refuseUnknown, shown } from '../cache/settings.ts'
import type { ShapedSettings } from '../cache/shaped-cache.ts'
import { resolveShaped, type ShapedOptions, shapedOptionNames } from '../cache/shaped-options.ts'
import type { OptionProblem } from '../errors.ts'
import type { Duration } from '../time/duration.ts'
import type { Limit } from './limit.ts'

/** How much is kept in what a model counts: the sum of what `of` returns for the items. */
export interface TokenLimit<T> {
  /** A whole number above 0. The newest item is kept even if it alone is more. */
  readonly tokens: number
  /** Counts one item: a whole number from 0. It is asked when the item is written, and stored with it. */
  readonly of: (item: T) => number
}

export interface WindowCacheOptions<T> extends Omit<ShapedOptions, 'ttl' | 'negativeTtl'> {
  /** How many of the newest items are kept, or how many tokens of them; never more than 10000 items. Default 20. */
  readonly limit?: number | TokenLimit<T>
  /** How long a window is kept since it was loaded, or appended to. Default `'24h'`. */
  readonly ttl?: Duration
}

/** Items in one window: it is read as a whole. */
const mostItems = 10_000
const day = 86_400_000

const known: ReadonlySet<string> = new Set([...shapedOptionNames.filter((name) => name !== 'negativeTtl'), 'limit'])
const knownOfLimit: ReadonlySet<string> = new Set<keyof TokenLimit<unknown>>(['tokens', 'of'])

/** @throws {InvalidOptionsError} with every problem there is. */
export function resolveWindow<T>(options: WindowCacheOptions<T>): ShapedSettings & { readonly limit: Limit } {
  refuseNonObject(options)
  const problems: OptionProblem[] = []
  refuseUnknown(options, known, problems)
  const { limit: given = 20, ...shaped } = options
  const limit = readLimit(given, problems)
  return { ...resolveShaped(shaped, { ttl: day }, problems), limit }
}

function readLimit<T>(limit: number | TokenLimit<T>, problems: OptionProblem[]): Limit {
  const check = (right: boolean, option: string, expected: string, got: unknown) => {
    if (!right) problems.push({ option, expected, got: shown(got) })
  }
  if (typeof limit !== 'object' || limit === null) {
    const right = Number.isInteger(limit) && limit > 0 && limit <= mostItems
    check(right, 'limit', `a whole number from 1 to ${mostItems}, such as 20, or { tokens, of }`, limit)
    return { most: limit, budget: undefined }
  }
  const { tokens, of } = limit
  const ofLimit: OptionProblem[] = []
  refuseUnknown(limit, knownOfLimit, ofLimit)
  problems.push(...ofLimit.map((problem) => ({ ...problem, option: `limit.${problem.option}` })))
  check(Number.isSafeInteger(tokens) && tokens > 0, 'limit.tokens', 'a whole number above 0, such as 4000', tokens)
  check(typeof of === 'function', 'limit.of', 'a function that counts the tokens of an item', of)
  return { most: mostItems, budget: { tokens, of: of as (item: unknown) => unknown } }
}
