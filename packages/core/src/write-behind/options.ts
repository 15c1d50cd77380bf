import type { CacheAside } from '../cache/cache.ts'
import { type Codec, jsonCodec } from '../entry/codec.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import type { RedisTarget } from '../protocol/redis-store.ts'
import { type Duration, durationExpected, toMilliseconds } from '../time/duration.ts'

/** A value that is to be written. */
export interface WriteBehindEntry<T> {
  /**
   * Of its put, and larger for a later put: text of fixed width that sorts in that order. A database that keeps it
   * with the row, and refuses what is not above it, cannot be harmed by a writer that is late.
   */
  readonly id: string
  readonly key: string
  readonly value: T
  /** 1, and one more for each time that it was written alone and failed. */
  readonly attempt: number
}

export interface WriteContext {
  /** Aborts when `writeTimeout` is over, when another process may write, or when `close` waits no longer. Then nothing may be written any more. */
  readonly signal: AbortSignal
}

/**
 * Writes a batch: one entry for each key, its newest, in the order of their puts. All of it or nothing, in one
 * transaction, if that can be had; some of it will be written again otherwise. Resolves once it is committed.
 */
export type WriteBatch<T> = (batch: readonly WriteBehindEntry<T>[], context: WriteContext) => unknown

export interface WriteBehindOptions<T> {
  /** Of the stream, one for each kind of value. 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly name: string
  /** The cache whose keys are written. Close it after this. */
  readonly cache: CacheAside
  /**
   * Where the stream is: a URL, ioredis options, or a client, of which copies are opened. Its data should be safe
   * (`appendonly yes`, `maxmemory-policy noeviction`), which that of the cache need not be.
   */
  readonly redis: RedisTarget
  readonly write: WriteBatch<T>
  /** How many entries are written together, at most. Default 100. */
  readonly batchSize?: number
  /** How long the first entry of a batch waits for others, at most. Default `'100ms'`. */
  readonly interval?: Duration
  /** How many entries may wait to be written, in all processes; `put` rejects beyond. Default 10000. */
  readonly maxPending?: number
  /** How often an entry is tried alone before it becomes a dead letter. Default 8: about a minute. */
  readonly maxAttempts?: number
  /** The pause after the first failure; it doubles, is jittered, and stays below 30 seconds or this. Default `'1s'`. */
  readonly retryDelay?: Duration
  /** How many dead letters are kept; the oldest go first, and an event says so. Default 10000. */
  readonly maxDeadLetters?: number
  /** How long `write` may take. Default `'30s'`. */
  readonly writeTimeout?: Duration
  /** How long a process keeps its turn after its last sign of life: what the next one waits when it is killed. Default `'10s'`. */
  readonly leaseTtl?: Duration
  /** How long `close` waits for what is pending. Default `'10s'`. */
  readonly drainTimeout?: Duration
  /** The longest that one Redis command may delay its caller. Default `'500ms'`. */
  readonly commandTimeout?: Duration
  /** Value ↔ bytes in the stream. Default `jsonCodec`. What another codec has written becomes a dead letter. */
  readonly codec?: Codec
}

const durations = {
  interval: 100,
  retryDelay: 1_000,
  writeTimeout: 30_000,
  leaseTtl: 10_000,
  drainTimeout: 10_000,
  commandTimeout: 500,
}
const amounts = { batchSize: 100, maxPending: 10_000, maxAttempts: 8, maxDeadLetters: 10_000 }
const known: ReadonlySet<string> = new Set<keyof WriteBehindOptions<unknown>>([
  ...(['name', 'cache', 'redis', 'write', 'codec'] as const),
  ...(Object.keys(durations) as (keyof typeof durations)[]),
  ...(Object.keys(amounts) as (keyof typeof amounts)[]),
])

export type WriteBehindSettings = Readonly<typeof durations & typeof amounts>

export interface ResolvedWriteBehind<T> {
  readonly name: string
  readonly cache: CacheAside
  readonly redis: RedisTarget
  readonly write: WriteBatch<T>
  readonly codec: Codec
  /** Durations in milliseconds. */
  readonly settings: WriteBehindSettings
}

/** @throws {InvalidOptionsError} with every problem there is. */
export function resolveWriteBehind<T>(options: WriteBehindOptions<T>): ResolvedWriteBehind<T> {
  const problems: OptionProblem[] = []
  const given = (typeof options === 'object' && options !== null ? options : {}) as WriteBehindOptions<T>
  const { name, cache, redis, write, codec = jsonCodec } = given
  const check = (right: boolean, option: string, expected: string, got: unknown) => {
    if (!right) problems.push({ option, expected, got: shown(got) })
  }

  for (const option of Object.keys(given)) {
    if (!known.has(option))
      problems.push({ option, expected: `one of ${[...known].join(', ')}`, got: 'an unknown option' })
  }
  check(/^[A-Za-z0-9._-]{1,64}$/.test(textOf(name)), 'name', "1 to 64 of A-Z a-z 0-9 . _ -, such as 'stock'", name)
  check(typeof cache?.writeThrough === 'function', 'cache', 'a CacheAside', cache)
  check(isRedisTarget(redis), 'redis', "a URL such as 'redis://localhost:6379', ioredis options or a client", redis)
  check(typeof write === 'function', 'write', 'a function that writes a batch to the database', write)
  check(isCodec(codec), 'codec', "a codec: encode, decode and an id such as 'json'", codec)

  const settings = { ...durations, ...amounts }
  for (const option of Object.keys(durations) as (keyof typeof durations)[]) {
    if (given[option] === undefined) continue
    const milliseconds = toMilliseconds(given[option])
    check(milliseconds !== undefined, option, durationExpected, given[option])
    settings[option] = milliseconds ?? durations[option]
  }
  for (const option of Object.keys(amounts) as (keyof typeof amounts)[]) {
    if (given[option] === undefined) continue
    const right = Number.isSafeInteger(given[option]) && given[option] > 0
    check(right, option, `a whole number above 0, such as ${amounts[option]}`, given[option])
    settings[option] = given[option]
  }

  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return Object.freeze({ name, cache, redis, write, codec, settings: Object.freeze(settings) })
}

const textOf = (given: unknown): string => (typeof given === 'string' ? given : '')

const isRedisTarget = (redis: unknown): boolean =>
  typeof redis === 'string'
    ? redis.startsWith('/') || (/^rediss?:\/\//.test(redis) && URL.canParse(redis))
    : typeof redis === 'object' && redis !== null && !Array.isArray(redis)

const isCodec = (codec: Codec): boolean =>
  /^[a-z0-9.-]{1,32}$/.test(textOf(codec?.id)) &&
  typeof codec.encode === 'function' &&
  typeof codec.decode === 'function'

/** A value in a message: its kind where it could be large or secret. */
function shown(value: unknown): string {
  if (typeof value === 'string') return /[:/]/.test(value) ? 'a text' : JSON.stringify(value.slice(0, 80))
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
