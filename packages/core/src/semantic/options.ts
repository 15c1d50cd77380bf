import { type CacheAside, partsOf } from '../cache/cache.ts'
import type { CacheParts } from '../cache/parts.ts'
import {
  type ReadOptions,
  refuseNonObject,
  refuseUnknown,
  resolveCall,
  type RetryOptions,
  shown,
} from '../cache/settings.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { MemoryStore } from '../protocol/memory-store.ts'
import { type Duration, durationExpected, toMilliseconds } from '../time/duration.ts'
import { answerCodec } from './answer-codec.ts'
import type { Embedder } from './embedder.ts'
import { entryCountExpected, ExactIndex, isEntryCount } from './exact-index.ts'
import { redisVectors } from './redis-vectors.ts'
import type { IndexFactory, VectorIndex } from './vector-index.ts'

export interface SemanticCacheOptions<Name extends string = never> {
  /** Keeps its answers, under keys and tags that begin with `name`. Close it after this. */
  readonly cache: CacheAside
  /** One for each kind of answer. 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly name: string
  readonly embedder: Embedder
  /**
   * Where questions are found by their meaning. Default: {@link redisVectors} where the cache is on Redis, an
   * {@link ExactIndex} where it is in memory. An index of your own belongs to one semantic cache.
   */
  readonly index?: VectorIndex | IndexFactory
  /** How similar two questions have to be to have one answer: a cosine above 0, up to 1. Depends on the embedder. Default 0.95. */
  readonly threshold?: number
  /** How far below the threshold a question counts as a near miss. From 0 to the threshold. Default 0.05. */
  readonly nearMiss?: number
  /**
   * Names of what an answer depends on besides its question, such as `['tenant', 'model', 'language']`: every call has to
   * give each of them, and only answers with the same values are looked at. At most 5, each 1 to 64 of `A-Z a-z 0-9 _`.
   * Default none.
   */
  readonly metadata?: readonly Name[]
  /** How long an answer is kept. Default `'1h'`. */
  readonly ttl?: Duration
  /** The share of a TTL that is taken off by chance. Default: the cache's. */
  readonly jitter?: number
  /** How long an embedding may take, and each answer of the index; then the question is answered by its loader. Default `'2s'`. */
  readonly embedTimeout?: Duration
  /**
   * How many questions the index holds at most, in Redis for each combination of metadata. When it is full the oldest go:
   * half of them in Redis, those whose answers end soonest in process. From 2 to 1000000, and only without an index of your
   * own. Default 10000.
   */
  readonly maxEntries?: number
  /** As in `CacheAside`. Default: the cache's. */
  readonly leaseTtl?: Duration
  /** As in `CacheAside`: how long a call for an answer may take. Default: the cache's. */
  readonly loadTimeout?: Duration
  /** As in `CacheAside`. Default: the cache's. */
  readonly retry?: RetryOptions | false
}

/** Of one question. */
export type AskOptions<Name extends string = never> = {
  /** Names that the answer shares with others, for `invalidateTag`. At most 32. */
  readonly tags?: readonly string[]
  /** How long this answer is kept. */
  readonly ttl?: Duration
} & ([Name] extends [never] ? { readonly metadata?: undefined } : { readonly metadata: Readonly<Record<Name, string>> })

const mostNames = 5
const known: ReadonlySet<string> = new Set<keyof SemanticCacheOptions>([
  ...([
    'cache',
    'name',
    'embedder',
    'index',
    'threshold',
    'nearMiss',
    'metadata',
    'embedTimeout',
    'maxEntries',
  ] as const),
  ...(['ttl', 'jitter', 'leaseTtl', 'loadTimeout', 'retry'] as const),
])

export interface ResolvedSemanticOptions {
  readonly name: string
  readonly cache: CacheAside
  readonly parts: CacheParts
  readonly embedder: Embedder
  readonly index: VectorIndex
  readonly threshold: number
  readonly nearMiss: number
  readonly names: readonly string[]
  /** Milliseconds. */
  readonly embedTimeout: number
  /** How answers are read and written. */
  readonly reading: ReadOptions
  /** Of an answer that has no other, in milliseconds. */
  readonly ttl: number
}

/** @throws {InvalidOptionsError} with every problem there is. */
export function resolveSemantic(options: SemanticCacheOptions<string>): ResolvedSemanticOptions {
  refuseNonObject(options)
  const problems: OptionProblem[] = []
  const { cache, name, embedder, index, threshold = 0.95, nearMiss = 0.05, metadata = [], maxEntries } = options
  const { ttl = '1h', jitter, leaseTtl, loadTimeout, retry } = options
  const check = (right: boolean, option: string, expected: string, got: unknown) => {
    if (!right) problems.push({ option, expected, got: shown(got) })
  }

  refuseUnknown(options, known, problems)
  check(matches(name, /^[A-Za-z0-9._-]{1,64}$/), 'name', "1 to 64 of A-Z a-z 0-9 . _ -, such as 'answers'", name)
  const parts = partsIn(cache)
  check(parts !== undefined, 'cache', 'a CacheAside', cache)
  check(isEmbedder(embedder), 'embedder', 'an embedder, such as openAiEmbedder({ … }): embed and an id', embedder)
  const own = typeof index === 'function' ? undefined : index
  check(
    own === undefined || (['search', 'add', 'remove'] as const).every((method) => typeof own?.[method] === 'function'),
    'index',
    'redisVectors(), new ExactIndex() or an index of your own',
    index,
  )
  check(isShare(threshold) && threshold > 0, 'threshold', 'a number above 0 and up to 1, such as 0.95', threshold)
  check(
    isShare(nearMiss) && nearMiss <= threshold,
    'nearMiss',
    'a number from 0 to the threshold, such as 0.05',
    nearMiss,
  )
  const isNames = Array.isArray(metadata) && metadata.every((one) => matches(one, /^[A-Za-z0-9_]{1,64}$/))
  check(
    isNames && metadata.length <= mostNames && new Set(metadata).size === metadata.length,
    'metadata',
    `at most ${mostNames} different names, such as ['tenant', 'model']`,
    Array.isArray(metadata) ? metadata.join() : metadata,
  )
  check(maxEntries === undefined || isEntryCount(maxEntries), 'maxEntries', entryCountExpected, maxEntries)
  check(
    maxEntries === undefined || own === undefined,
    'maxEntries',
    'to be left out with an index of your own',
    maxEntries,
  )
  const embedTimeout = toMilliseconds(options.embedTimeout ?? '2s')
  check(embedTimeout !== undefined, 'embedTimeout', durationExpected, options.embedTimeout)

  const given = defined({ ttl, jitter, leaseTtl, loadTimeout, retry })
  const settings = parts && resolved(() => resolveCall(given, parts.options.settings), problems)
  if (problems.length > 0 || !parts || !settings) throw new InvalidOptionsError(problems)

  const place = { name, cache, embedder: embedder.id, maxEntries: maxEntries ?? 10_000 }
  return {
    name,
    cache,
    parts,
    embedder,
    index: own ?? (typeof index === 'function' ? index : defaultIndex(parts))(place),
    threshold,
    nearMiss,
    names: [...metadata],
    embedTimeout: embedTimeout as number,
    // An answer is served until its time is over, and then asked for anew: nobody refreshes what is found by `get`.
    reading: {
      ...given,
      staleWhileRevalidate: 0,
      failSafe: 0,
      codec: answerCodec(parts.options.settings.format.codec),
    },
    ttl: settings.ttl,
  }
}

const defaultIndex = ({ options: { store } }: CacheParts): IndexFactory =>
  store instanceof MemoryStore ? ({ maxEntries }) => new ExactIndex({ maxEntries }) : redisVectors()

/** Undefined for what is no cache of this copy of the package. */
function partsIn(cache: CacheAside): CacheParts | undefined {
  try {
    return partsOf(cache)
  } catch {
    return undefined
  }
}

function resolved<T>(resolve: () => T, problems: OptionProblem[]): T | undefined {
  try {
    return resolve()
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}

const matches = (given: unknown, pattern: RegExp): boolean => typeof given === 'string' && pattern.test(given)

const isShare = (given: unknown): boolean => typeof given === 'number' && given >= 0 && given <= 1

const isEmbedder = (embedder: Embedder): boolean =>
  matches(embedder?.id, /^\P{Surrogate}{1,128}$/u) &&
  typeof embedder.embed === 'function' &&
  (embedder.dimensions === undefined || (Number.isInteger(embedder.dimensions) && embedder.dimensions > 0))

/** Without what is undefined: an option of the cache stands then. */
const defined = (options: { readonly [Option in keyof ReadOptions]: ReadOptions[Option] | undefined }): ReadOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
