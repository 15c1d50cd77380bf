import type { Codec } from '../entry/codec.ts'
import { jsonCodec } from '../entry/codec.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { isClient, RedisStore, type RedisTarget } from '../protocol/redis-store.ts'
import type { Store } from '../protocol/store.ts'
import { type Duration, durationExpected, toMilliseconds } from '../time/duration.ts'

/** How a value is written. Those of a call stand above those of the cache, and both above the defaults. */
export interface WriteOptions {
  /** How long a value is kept. Default `'5m'`. */
  readonly ttl?: Duration
  /** How long a `null`, a cached "does not exist", is kept. Never above `ttl`. Default `'30s'`. */
  readonly negativeTtl?: Duration
  /** The share of a TTL that is taken off by chance, so that entries written together do not end together. 0 to 1. Default 0.1. */
  readonly jitter?: number
}

/** How a value is read and loaded. */
export interface ReadOptions extends WriteOptions {
  /** How long a lease outlives its holder's last sign of life: what callers in other processes wait when it is killed. Default `'3s'`. */
  readonly leaseTtl?: Duration
  /** How long a loader may run. Default `'30s'`. */
  readonly loadTimeout?: Duration
}

export interface CacheOptions extends ReadOptions {
  /** The first part of every key in Redis. Caches with one namespace on one Redis are one cache. 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly namespace: string
  /** An ioredis client, which stays yours to close; or a URL or ioredis options, to open one with. Either this or `store`. */
  readonly redis?: RedisTarget
  /** Another place for the entries, such as `new MemoryStore()`. */
  readonly store?: Store
  /** The longest that one Redis command may delay its caller. Default `'500ms'`. With `redis` only. */
  readonly commandTimeout?: Duration
  /** Value ↔ bytes. Default `jsonCodec`. */
  readonly codec?: Codec
  /** Larger values are returned but not cached. Bytes, default 8 MiB. */
  readonly maxValueSize?: number
}

/** `ReadOptions` in milliseconds, complete. */
export interface Settings {
  readonly ttl: number
  readonly negativeTtl: number
  readonly jitter: number
  readonly leaseTtl: number
  readonly loadTimeout: number
}

export interface ResolvedOptions {
  readonly namespace: string
  readonly store: Store
  /** False for a store that was given: it is its owner's to close. */
  readonly ownsStore: boolean
  readonly codec: Codec
  readonly maxValueSize: number
  readonly settings: Settings
}

const defaults: Settings = { ttl: 300_000, negativeTtl: 30_000, jitter: 0.1, leaseTtl: 3_000, loadTimeout: 30_000 }
const durations = ['ttl', 'negativeTtl', 'leaseTtl', 'loadTimeout'] as const
const callOptions: ReadonlySet<string> = new Set<keyof ReadOptions>([...durations, 'jitter'])
const cacheOptions: ReadonlySet<string> = new Set<keyof CacheOptions>([
  ...durations,
  ...(['jitter', 'namespace', 'redis', 'store', 'commandTimeout', 'codec', 'maxValueSize'] as const),
])

/** @throws {InvalidOptionsError} with every problem there is. */
export function resolveOptions(options: CacheOptions): ResolvedOptions {
  const problems: OptionProblem[] = []
  const given: CacheOptions = typeof options === 'object' && options !== null ? options : { namespace: '' }
  const { namespace, redis, store, codec = jsonCodec, maxValueSize = 8 * 1024 * 1024 } = given
  const check = (right: boolean, option: string, expected: string, got: string) => {
    if (!right) problems.push({ option, expected, got })
  }

  refuseUnknown(given, cacheOptions, problems)
  check(
    typeof namespace === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(namespace),
    'namespace',
    "1 to 64 of A-Z a-z 0-9 . _ -, such as 'shop'",
    shown(namespace),
  )
  check(
    (redis === undefined) !== (store === undefined),
    'redis',
    "either redis, such as 'redis://localhost:6379', or store",
    redis === undefined ? 'neither' : 'both',
  )
  if (redis !== undefined) checkRedis(redis, check)
  if (store !== undefined)
    check(typeof store?.acquire === 'function', 'store', 'a Store, such as new MemoryStore()', shown(store))
  check(isCodec(codec), 'codec', "a codec: encode, decode and an id such as 'json'", shown(codec))
  check(
    Number.isInteger(maxValueSize) && maxValueSize > 0,
    'maxValueSize',
    'a whole number of bytes above 0, such as 1048576',
    shown(maxValueSize),
  )
  const commandTimeout = given.commandTimeout === undefined ? 500 : toMilliseconds(given.commandTimeout)
  check(commandTimeout !== undefined, 'commandTimeout', durationExpected, shown(given.commandTimeout))
  check(
    store === undefined || given.commandTimeout === undefined,
    'commandTimeout',
    'to be left out with a store',
    shown(given.commandTimeout),
  )
  const settings = readSettings(given, defaults, problems)
  if (given.negativeTtl !== undefined) {
    const negativeTtl = toMilliseconds(given.negativeTtl) ?? 0
    check(negativeTtl <= settings.ttl, 'negativeTtl', `at most ttl (${settings.ttl} ms)`, shown(given.negativeTtl))
  }

  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return Object.freeze({
    namespace,
    store: store ?? new RedisStore(redis as RedisTarget, { commandTimeout: commandTimeout as number }),
    ownsStore: store === undefined,
    codec,
    maxValueSize,
    settings,
  })
}

/** The settings of one call. @throws {InvalidOptionsError} */
export function resolveCall(options: ReadOptions | undefined, settings: Settings): Settings {
  if (options === undefined) return settings
  const problems: OptionProblem[] = []
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionsError([
      { option: 'options', expected: "an object such as { ttl: '5m' }", got: shown(options) },
    ])
  }
  refuseUnknown(options, callOptions, problems)
  const resolved = readSettings(options, settings, problems)
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return resolved
}

/** The hard TTL of an entry in milliseconds, jitter taken off. `given` is what the loader set. */
export function jitteredTtl({ ttl, negativeTtl, jitter }: Settings, negative: boolean, given?: number): number {
  const full = given ?? (negative ? negativeTtl : ttl)
  return Math.max(1, Math.round(full * (1 - jitter * Math.random())))
}

function readSettings(options: ReadOptions, base: Settings, problems: OptionProblem[]): Settings {
  const settings = { ...base }
  for (const option of durations) {
    const given = options[option]
    if (given === undefined) continue
    const milliseconds = toMilliseconds(given)
    if (milliseconds === undefined) problems.push({ option, expected: durationExpected, got: shown(given) })
    else settings[option] = milliseconds
  }
  if (options.jitter !== undefined) {
    if (!(typeof options.jitter === 'number' && options.jitter >= 0 && options.jitter <= 1)) {
      problems.push({ option: 'jitter', expected: 'a number from 0 to 1, such as 0.1', got: shown(options.jitter) })
    }
    settings.jitter = options.jitter
  }
  settings.negativeTtl = Math.min(settings.negativeTtl, settings.ttl)
  return Object.freeze(settings)
}

function refuseUnknown(options: object, known: ReadonlySet<string>, problems: OptionProblem[]): void {
  for (const option of Object.keys(options)) {
    if (!known.has(option))
      problems.push({ option, expected: `one of ${[...known].join(', ')}`, got: 'an unknown option' })
  }
}

type Check = (right: boolean, option: string, expected: string, got: string) => void

function checkRedis(redis: RedisTarget, check: Check): void {
  if (typeof redis === 'string') {
    // The URL may hold a password: it is never shown.
    check(
      /^(rediss?:\/\/|\/)/.test(redis) && (redis.startsWith('/') || URL.canParse(redis)),
      'redis',
      "a URL such as 'redis://localhost:6379'",
      'a string that is not one',
    )
    return
  }
  check(
    typeof redis === 'object' && redis !== null && !Array.isArray(redis),
    'redis',
    'an ioredis client, a URL or ioredis options',
    shown(redis),
  )
  if (typeof redis !== 'object' || redis === null) return
  const { scaleReads = 'master', role = 'master' } = (isClient(redis) ? redis.options : redis) as {
    scaleReads?: unknown
    role?: unknown
  }
  check(
    scaleReads === 'master' && role === 'master',
    'redis',
    'a client that reads from masters, because a replica can be behind an invalidation',
    'one that reads from replicas',
  )
}

const isCodec = (codec: Codec): boolean =>
  typeof codec?.id === 'string' &&
  /^[a-z0-9.-]{1,32}$/.test(codec.id) &&
  typeof codec.encode === 'function' &&
  typeof codec.decode === 'function'

/** A value in a message: its kind where it could be large or secret. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value.includes('://') ? 'a URL' : JSON.stringify(value.slice(0, 80))
  if (value === null || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
