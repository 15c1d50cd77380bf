import { type Codec, jsonCodec } from '../entry/codec.ts'
import { mostTags, withCodec } from '../entry/entry.ts'
import { storeTag } from '../entry/key.ts'
import type { OptionProblem } from '../errors.ts'
import { InvalidOptionsError } from '../errors.ts'
import type { LoadSettings } from '../load/lead.ts'
import { type Duration, durationExpected, toMilliseconds } from '../time/duration.ts'

/** How a value is written. Those of a call stand above those of the cache, and both above the defaults. */
export interface WriteOptions<Value = unknown> {
  /** How long a value is fresh: the soft TTL. Default `'5m'`. */
  readonly ttl?: Duration
  /** How long a `null`, a cached "does not exist", is kept. Never above `ttl`. Default `'30s'`. */
  readonly negativeTtl?: Duration
  /** The share of a TTL that is taken off by chance, so that entries written together do not end together. 0 to 1. Default 0.1. */
  readonly jitter?: number
  /**
   * How long after its `ttl` a value is served at once, while one caller in one process refreshes it behind it
   * (RFC 5861, `stale-while-revalidate`). Default 0: never. An invalidated value is never served.
   */
  readonly staleWhileRevalidate?: Duration
  /**
   * How long after its `ttl` a value is kept for a loader that fails: the value is served then, and an event `stale`
   * says so. Serves an expired value too, never an invalidated one. Default 0: never.
   */
  readonly failSafe?: Duration
  /**
   * Names that the value shares with others, for `invalidateTag`: a list, or a function that makes one of the value, a
   * `null` too, and its key; what it throws fails the read.
   * Tags that are known before the load are read with the entry, in one round trip; others too, once this process has
   * seen the entry. At most 64, each as long as a key may be.
   */
  readonly tags?: readonly string[] | TagsOf<Value>
  /**
   * How this value is written; an entry of another codec is a miss. Make it once: for the near cache another object is another
   * codec. Default: the cache's.
   */
  readonly codec?: Codec
}

/** A method's type, because a function of some value has to be one of these options whatever that value is. */
type TagsOf<Value> = { tagsOf(value: Value, key: string): readonly string[] }['tagsOf']

/** How a value is read and loaded. */
export interface ReadOptions<Value = unknown> extends WriteOptions<Value> {
  /**
   * How early a value is refreshed before its `ttl` ends, by chance and by how long its load took, so that nobody has
   * to wait for it. 0 turns it off, more than 1 is earlier. Default 1.
   * Source: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015, `beta`.
   */
  readonly earlyRefresh?: number
  /** The share of its `ttl` after which a value is refreshed by its next reader, above 0. Default 1: when it ends. */
  readonly earlyRefreshAt?: number
  /** How long a lease outlives its holder's last sign of life: what callers in other processes wait when it is killed. Default `'3s'`. */
  readonly leaseTtl?: Duration
  /** How long a caller waits for a load when `failSafe` has a value at hand; the load goes on. Default 0: until it ends. */
  readonly softTimeout?: Duration
  /** How long a loader may run, the wait for its turn included. Default `'30s'`. */
  readonly loadTimeout?: Duration
  /** How long a refresh that failed is not tried again, in any process. Default `'5s'`. */
  readonly retryAfter?: Duration
  /** Which errors of a loader are worth another try, within `loadTimeout`. Default: none. */
  readonly retry?: RetryOptions | false
  /** False passes the near cache by, and leaves nothing in it. Default true, where the cache has one. */
  readonly near?: boolean
}

export interface RetryOptions {
  /** Tells whether an error is transient, such as a deadlock. */
  readonly when: (error: unknown) => boolean
  /** How often it is tried again. 1 to 10. Default 2. */
  readonly attempts?: number
  /** The pause before the first of them; it doubles, and is jittered. Default `'50ms'`. */
  readonly delay?: Duration
}

/** `ReadOptions` in milliseconds, complete. */
export interface Settings extends LoadSettings {
  readonly softTimeout: number
  readonly near: boolean
}

export const defaultSettings: Settings = {
  format: { codec: jsonCodec, name: jsonCodec.id, maxValueSize: 8 * 1024 * 1024, freezes: false },
  near: true,
  ttl: 300_000,
  negativeTtl: 30_000,
  jitter: 0.1,
  staleWhileRevalidate: 0,
  failSafe: 0,
  earlyRefresh: 1,
  earlyRefreshAt: 1,
  leaseTtl: 3_000,
  softTimeout: 0,
  loadTimeout: 30_000,
  retryAfter: 5_000,
  retry: undefined,
  tags: { declared: [], of: undefined },
}

const durations = ['ttl', 'negativeTtl', 'leaseTtl', 'loadTimeout', 'retryAfter'] as const
/** Those that 0 turns off. */
const windows = ['staleWhileRevalidate', 'failSafe', 'softTimeout'] as const
const numbers = {
  jitter: { right: (given: number) => given >= 0 && given <= 1, expected: 'a number from 0 to 1, such as 0.1' },
  earlyRefresh: { right: (given: number) => given >= 0 && given < Infinity, expected: 'a number from 0, such as 1' },
  earlyRefreshAt: {
    right: (given: number) => given > 0 && given <= 1,
    expected: 'a number above 0 and up to 1, such as 0.8',
  },
}

export const settingNames: readonly Exclude<keyof ReadOptions, 'tags' | 'near' | 'codec'>[] = [
  ...durations,
  ...windows,
  'jitter',
  'earlyRefresh',
  'earlyRefreshAt',
  'retry',
]

/** Those of a call, which a cache has not. */
const callNames: ReadonlySet<string> = new Set<keyof ReadOptions>([...settingNames, 'tags', 'near', 'codec'])

/** The settings of one call. @throws {InvalidOptionsError} */
export function resolveCall(options: ReadOptions | undefined, settings: Settings): Settings {
  if (options === undefined) return settings
  const problems: OptionProblem[] = []
  refuseNonObject(options)
  refuseUnknown(options, callNames, problems)
  const { near = settings.near, codec } = options
  if (typeof near !== 'boolean') problems.push({ option: 'near', expected: 'true or false', got: shown(near) })
  if (codec !== undefined && !isCodec(codec))
    problems.push({ option: 'codec', expected: codecExpected, got: shown(codec) })
  const resolved = readSettings(options, settings, problems)
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  if (near === settings.near && codec === undefined) return resolved
  return Object.freeze({ ...resolved, near, format: codec ? withCodec(settings.format, codec) : settings.format })
}

/** For options that are given long before the call, in a decorator. @throws {InvalidOptionsError} */
export function checkReadOptions(options: ReadOptions): void {
  resolveCall(options, defaultSettings)
}

export function readSettings(
  options: Omit<ReadOptions, 'near' | 'codec'>,
  base: Settings,
  problems: OptionProblem[],
): Settings {
  const settings = { ...base }
  for (const option of [...durations, ...windows]) {
    const given = options[option]
    if (given === undefined) continue
    const milliseconds = (windows as readonly string[]).includes(option) ? toWindow(given) : toMilliseconds(given)
    if (milliseconds === undefined) problems.push({ option, expected: durationExpected, got: shown(given) })
    else settings[option] = milliseconds
  }
  for (const option of ['jitter', 'earlyRefresh', 'earlyRefreshAt'] as const) {
    const given = options[option]
    if (given === undefined) continue
    const { right, expected } = numbers[option]
    if (typeof given !== 'number' || !right(given)) problems.push({ option, expected, got: shown(given) })
    settings[option] = given
  }
  if (options.retry !== undefined) settings.retry = readRetry(options.retry, problems)
  if (options.tags !== undefined) settings.tags = readTags(options.tags, problems)
  settings.negativeTtl = Math.min(settings.negativeTtl, settings.ttl)
  return Object.freeze(settings)
}

export const codecExpected = "a codec: encode, decode and an id such as 'json'"

export const isCodec = (codec: Codec): boolean =>
  typeof codec?.id === 'string' &&
  /^[a-z0-9.-]{1,32}$/.test(codec.id) &&
  typeof codec.encode === 'function' &&
  typeof codec.decode === 'function'

function readRetry(retry: RetryOptions | false, problems: OptionProblem[]): Settings['retry'] {
  if (retry === false) return undefined
  const { when, attempts = 2, delay = 50 } = { ...retry }
  const milliseconds = toMilliseconds(delay)
  if (typeof when !== 'function')
    problems.push({
      option: 'retry.when',
      expected: 'a function that tells whether an error is transient',
      got: shown(when),
    })
  if (!(Number.isInteger(attempts) && attempts >= 1 && attempts <= 10))
    problems.push({ option: 'retry.attempts', expected: 'a whole number from 1 to 10', got: shown(attempts) })
  if (milliseconds === undefined)
    problems.push({ option: 'retry.delay', expected: durationExpected, got: shown(delay) })
  return { when, attempts, delay: milliseconds ?? 50 }
}

const tagsExpected = `a list of at most ${mostTags} tags, such as ['catalogue']`

const shownTags = (tags: unknown): string => (Array.isArray(tags) ? `${new Set(tags).size} tags` : shown(tags))

function readTags(tags: ReadOptions['tags'], problems: OptionProblem[]): Settings['tags'] {
  if (typeof tags === 'function') return { declared: [], of: (value, key) => storeTags(tags(value, key)) }
  if (isTagList(tags)) return { declared: storeTags(tags), of: undefined }
  problems.push({
    option: 'tags',
    expected: `${tagsExpected}, or a function that makes one of the value`,
    got: shownTags(tags),
  })
  return { declared: [], of: undefined }
}

const isTagList = (tags: unknown): tags is readonly string[] => Array.isArray(tags) && new Set(tags).size <= mostTags

/** Tags as the store has them, each once. @throws {InvalidOptionsError} {@link InvalidKeyError} */
export function storeTags(tags: readonly string[]): readonly string[] {
  if (isTagList(tags)) return [...new Set(tags.map(storeTag))]
  throw new InvalidOptionsError([{ option: 'tags', expected: tagsExpected, got: shownTags(tags) }])
}

/** Milliseconds of a duration that may be 0, or undefined if it is none. */
export function toWindow(given: unknown): number | undefined {
  return given === 0 ? 0 : toMilliseconds(given)
}

export function refuseNonObject(options: unknown): void {
  if (typeof options === 'object' && options !== null) return
  throw new InvalidOptionsError([
    { option: 'options', expected: "an object such as { ttl: '5m' }", got: shown(options) },
  ])
}

export function refuseUnknown(options: object, names: ReadonlySet<string>, problems: OptionProblem[]): void {
  for (const option of Object.keys(options)) {
    if (!names.has(option))
      problems.push({ option, expected: `one of ${[...names].join(', ')}`, got: 'an unknown option' })
  }
}

/** A value in a message: its kind where it could be large or secret. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value.includes('://') ? 'a URL' : JSON.stringify(value.slice(0, 80))
  if (value === null || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
