import { type Codec, jsonCodec } from '../entry/codec.ts'
import { type Compression, type CompressionOptions, supportedCompressions } from '../entry/compression.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import type { NearSettings } from '../near/near-cache.ts'
import { isClient, RedisStore, type RedisTarget } from '../protocol/redis-store.ts'
import type { NamespaceKeys, Store } from '../protocol/store.ts'
import { type Duration, durationExpected, toMilliseconds } from '../time/duration.ts'
import {
  codecExpected,
  defaultSettings,
  isCodec,
  type ReadOptions,
  readSettings,
  refuseUnknown,
  type Settings,
  settingNames,
  shown,
  toWindow,
} from './settings.ts'

/** What the near cache may hold, and how its values are handed out. */
export interface NearOptions {
  /** At most so many, up to a million. Default 10000. */
  readonly entries?: number
  /** At most so many bytes, as Redis has them; decoded they take about twice as many again. Default 64 MiB. */
  readonly bytes?: number
  /**
   * `'copied'`: each caller gets a copy of its own. `'frozen'`: all share one, deeply frozen, and so is every value that this
   * cache hands out; what cannot be frozen, such as a Map or a Buffer, is copied. Default `'copied'`.
   */
  readonly values?: 'copied' | 'frozen'
}

export interface CacheOptions extends Omit<ReadOptions, 'tags' | 'near'> {
  /** The first part of every key in Redis. Caches with one namespace on one Redis are one cache. 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly namespace: string
  /** An ioredis client, which stays yours to close; or a URL or ioredis options, to open one with. Either this or `store`. */
  readonly redis?: RedisTarget
  /** Another place for the entries, such as `new MemoryStore()`. */
  readonly store?: Store
  /** The longest that one Redis command may delay its caller. Default `'500ms'`. With `redis` only. */
  readonly commandTimeout?: Duration
  /** Value ↔ bytes. Default `jsonCodec`. An entry of another codec is a miss. */
  readonly codec?: Codec
  /** Of the form of the values, to be changed with it: an entry of another version is a miss. 1 to 32 of `a-z 0-9 . -`. */
  readonly version?: string
  /** Compresses large values. Default: none. Entries are read whether compressed or not, and however. */
  readonly compression?: CompressionOptions | Compression
  /** Larger values are returned but not cached. Bytes, before compression, default 8 MiB. */
  readonly maxValueSize?: number
  /** How many loaders run at a time in this process; others wait their turn within `loadTimeout`. Default 256. */
  readonly maxConcurrentLoads?: number
  /**
   * What becomes of an invalidation that Redis does not acknowledge. `'reject'`: it rejects, and may be repeated.
   * `'journal'`: it resolves with `'pending'`, is repeated until Redis has it, and until then this process does not read
   * the key from the cache; the journal is in memory and ends with the process. Default `'reject'`.
   */
  readonly onUnreachable?: 'reject' | 'journal'
  /** How long the barrier of `mutate` outlives its writer's last sign of life. Longer than a commit can take. Default `'10s'`. */
  readonly barrierTtl?: Duration
  /**
   * How long after an invalidation nothing is cached, for loaders that read from replicas that lag: longer than they do.
   * Default 0.
   */
  readonly settle?: Duration
  /**
   * Keeps values in this process too, so that a hit costs no command. What this process voids is void here at once; what
   * others void, after `nearLag` at most, whatever becomes of network and processes. Needs `CLIENT TRACKING` (Redis 6 on).
   * Default false; `true` is `{}`.
   */
  readonly near?: boolean | NearOptions
  /**
   * How far the near cache of a process may be behind the others. The same in every process of a namespace: those that
   * void with `scope: 'everywhere'` wait for so long. From 40 ms to a minute. Default `'200ms'`.
   */
  readonly nearLag?: Duration
}

export interface ResolvedOptions {
  readonly namespace: string
  /** What voids many entries at once. */
  readonly namespaceKeys: NamespaceKeys
  readonly store: Store
  /** False for a store that was given: it is its owner's to close. */
  readonly ownsStore: boolean
  readonly compression: CompressionOptions | undefined
  readonly maxConcurrentLoads: number
  readonly journals: boolean
  /** Milliseconds. */
  readonly barrierTtl: number
  /** Milliseconds. */
  readonly settle: number
  readonly near: NearSettings | undefined
  /** Milliseconds. */
  readonly nearLag: number
  readonly settings: Settings
}

/** In milliseconds: a heart beats four times within it. */
const shortestNearLag = 40
const longestNearLag = 60_000

const cacheOptions: ReadonlySet<string> = new Set<keyof CacheOptions>([
  ...settingNames,
  ...(['namespace', 'redis', 'store', 'commandTimeout', 'codec', 'version', 'compression', 'maxValueSize'] as const),
  ...(['maxConcurrentLoads', 'onUnreachable', 'barrierTtl', 'settle', 'near', 'nearLag'] as const),
])

/** @throws {InvalidOptionsError} with every problem there is. */
export function resolveOptions(options: CacheOptions): ResolvedOptions {
  const problems: OptionProblem[] = []
  const given: CacheOptions = typeof options === 'object' && options !== null ? options : { namespace: '' }
  const { namespace, redis, store, codec = jsonCodec, version, maxValueSize = 8 * 1024 * 1024 } = given
  const { maxConcurrentLoads = 256, onUnreachable = 'reject', barrierTtl = 10_000, settle = 0 } = given
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
  check(isCodec(codec), 'codec', codecExpected, shown(codec))
  check(
    Number.isInteger(maxValueSize) && maxValueSize > 0,
    'maxValueSize',
    'a whole number of bytes above 0, such as 1048576',
    shown(maxValueSize),
  )
  check(
    version === undefined || (typeof version === 'string' && /^[a-z0-9.-]{1,32}$/.test(version)),
    'version',
    "1 to 32 of a-z 0-9 . -, such as '2'",
    shown(version),
  )
  check(
    Number.isInteger(maxConcurrentLoads) && maxConcurrentLoads > 0,
    'maxConcurrentLoads',
    'a whole number above 0, such as 64',
    shown(maxConcurrentLoads),
  )
  check(
    onUnreachable === 'reject' || onUnreachable === 'journal',
    'onUnreachable',
    "'reject' or 'journal'",
    shown(onUnreachable),
  )
  const nearLag = given.nearLag === undefined ? 200 : (toMilliseconds(given.nearLag) ?? 0)
  check(
    nearLag >= shortestNearLag && nearLag <= longestNearLag,
    'nearLag',
    `a duration from ${shortestNearLag} ms to a minute, such as '200ms'`,
    shown(given.nearLag),
  )
  check(toMilliseconds(barrierTtl) !== undefined, 'barrierTtl', durationExpected, shown(barrierTtl))
  check(toWindow(settle) !== undefined, 'settle', durationExpected, shown(settle))
  const commandTimeout = given.commandTimeout === undefined ? 500 : toMilliseconds(given.commandTimeout)
  check(commandTimeout !== undefined, 'commandTimeout', durationExpected, shown(given.commandTimeout))
  check(
    store === undefined || given.commandTimeout === undefined,
    'commandTimeout',
    'to be left out with a store',
    shown(given.commandTimeout),
  )
  const near = readNear(given.near, check, problems)
  const settings = readSettings(given, defaultSettings, problems)
  const compression = readCompression(given.compression, problems)
  if (given.negativeTtl !== undefined) {
    const negativeTtl = toMilliseconds(given.negativeTtl) ?? 0
    check(negativeTtl <= settings.ttl, 'negativeTtl', `at most ttl (${settings.ttl} ms)`, shown(given.negativeTtl))
  }

  if (problems.length > 0) throw new InvalidOptionsError(problems)
  const format = {
    codec,
    name: version === undefined ? codec.id : `${codec.id}/${version}`,
    maxValueSize,
    freezes: near?.values === 'frozen',
  }
  return Object.freeze({
    namespace,
    namespaceKeys: { generation: `${namespace}/generation`, tagClock: `${namespace}/tags` },
    store: store ?? new RedisStore(redis as RedisTarget, { commandTimeout: commandTimeout as number }),
    ownsStore: store === undefined,
    compression,
    maxConcurrentLoads,
    journals: onUnreachable === 'journal',
    barrierTtl: toMilliseconds(barrierTtl) as number,
    settle: toWindow(settle) as number,
    near,
    nearLag,
    settings: Object.freeze({ ...settings, format }),
  })
}

function readNear(
  near: CacheOptions['near'],
  check: Check,
  problems: OptionProblem[],
): (NearSettings & Required<NearOptions>) | undefined {
  if (near === undefined || near === false) return undefined
  check(
    typeof near === 'boolean' || (typeof near === 'object' && near !== null && !Array.isArray(near)),
    'near',
    'true, false or an object such as { entries: 10_000 }',
    shown(near),
  )
  const { entries = 10_000, bytes = 64 * 1024 * 1024, values = 'copied' } = typeof near === 'object' ? { ...near } : {}
  if (typeof near === 'object' && near !== null) refuseUnknown(near, nearOptions, problems)
  const isCount = (given: unknown, most = Infinity) =>
    Number.isInteger(given) && (given as number) > 0 && (given as number) <= most
  check(
    isCount(entries, mostNear),
    'near.entries',
    `a whole number from 1 to ${mostNear}, such as 10000`,
    shown(entries),
  )
  check(isCount(bytes), 'near.bytes', 'a whole number of bytes above 0, such as 67108864', shown(bytes))
  check(values === 'copied' || values === 'frozen', 'near.values', "'copied' or 'frozen'", shown(values))
  return { entries, bytes, values }
}

/** Entries: what holds them is made in advance. */
const mostNear = 1_000_000

const nearOptions: ReadonlySet<string> = new Set<keyof NearOptions>(['entries', 'bytes', 'values'])

function readCompression(
  compression: CacheOptions['compression'],
  problems: OptionProblem[],
): CompressionOptions | undefined {
  if (compression === undefined) return undefined
  const given = typeof compression === 'string' ? { algorithm: compression } : { ...compression }
  const { algorithm = 'gzip', threshold = 1024 } = given
  if (!supportedCompressions.includes(algorithm)) {
    const expected = `one that this Node has: ${supportedCompressions.join(', ')}`
    problems.push({ option: 'compression', expected, got: shown(algorithm) })
  }
  if (!(Number.isInteger(threshold) && threshold >= 0)) {
    const expected = 'a whole number of bytes, such as 1024'
    problems.push({ option: 'compression.threshold', expected, got: shown(threshold) })
  }
  return { algorithm, threshold }
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
  const given = (isClient(redis) ? redis.options : redis) as Partial<Record<string, unknown>>
  const { scaleReads = 'master', role = 'master', enableAutoPipelining = false } = given
  const { stringNumbers = false } = {
    ...given,
    ...(given.redisOptions as Partial<Record<string, unknown>> | undefined),
  }
  check(
    scaleReads === 'master' && role === 'master',
    'redis',
    'a client that reads from masters, because a replica can be behind an invalidation',
    'one that reads from replicas',
  )
  check(
    enableAutoPipelining === false && stringNumbers === false,
    'redis',
    'a client without enableAutoPipelining, under which ioredis breaks on the replies that are asked for here, and without stringNumbers',
    'one with them',
  )
}
