import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { type CacheAside, partsOf } from './cache.ts'
import { defaultSettings, type ReadOptions, readSettings, type Settings, shown } from './settings.ts'
import type { ShapedSettings } from './shaped-cache.ts'

/** What every cache of a shape is given. Times that are left out are those of the cache that it stands on. */
export interface ShapedOptions
  extends Pick<ReadOptions, 'ttl' | 'negativeTtl' | 'jitter' | 'leaseTtl' | 'loadTimeout' | 'retry'> {
  /** The cache that it stands on: its Redis, namespace, near cache, events and statistics. It is closed with that. */
  readonly cache: CacheAside
  /**
   * The first part of its keys, and of nothing else in the cache: a value or a response under the same key would void it, and a
   * load of one that reads the other wait for itself. 1 to 64 of `A-Z a-z 0-9 . _ -`.
   */
  readonly name: string
}

export const shapedOptionNames: readonly (keyof ShapedOptions)[] = [
  ...(['cache', 'name', 'ttl', 'negativeTtl', 'jitter', 'leaseTtl', 'loadTimeout', 'retry'] as const),
]

/** What stands in a hash or a list is served while it is fresh, or not at all. */
const neverStale = {
  staleWhileRevalidate: 0,
  failSafe: 0,
  softTimeout: 0,
  earlyRefresh: 0,
  earlyRefreshAt: 1,
  tags: { declared: [], of: undefined },
} as const satisfies Partial<Settings>

/**
 * @param defaults Above those of the cache. Milliseconds.
 * @param problems Those of the other options.
 * @throws {InvalidOptionsError} with every problem there is.
 */
export function resolveShaped(
  { cache, name, ...options }: ShapedOptions,
  defaults: Partial<Settings>,
  problems: OptionProblem[],
): ShapedSettings {
  const base = settingsOf(cache)
  if (!base) problems.push({ option: 'cache', expected: 'a CacheAside, not a child of one', got: shown(cache) })
  if (!(typeof name === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(name))) {
    problems.push({ option: 'name', expected: "1 to 64 of A-Z a-z 0-9 . _ -, such as 'product'", got: shown(name) })
  }
  const settings = readSettings(options, { ...(base ?? defaultSettings), ...neverStale, ...defaults }, problems)
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return { cache, name, settings }
}

function settingsOf(cache: CacheAside): Settings | undefined {
  try {
    return partsOf(cache).options.settings
  } catch {
    return undefined
  }
}
