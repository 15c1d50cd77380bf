import type { ChildCache } from '../cache/child-cache.ts'
import type { Acknowledgement } from '../cache/invalidations.ts'
import { type ReadOptions, refuseNonObject, refuseUnknown, shown } from '../cache/settings.ts'
import type { ClearOptions, InvalidateOptions } from '../cache/write-options.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import type { LoadContext, Loader } from '../load/run-loader.ts'
import { parseDuration } from '../time/duration.ts'
import type { Stored } from './answer-codec.ts'
import { Embedding } from './embedder.ts'
import { type AskOptions, type ResolvedSemanticOptions, resolveSemantic, type SemanticCacheOptions } from './options.ts'
import { callersTag, checkedId, type Question, readMetadata, readQuestion, whereTag, whereTags } from './question.ts'
import { type SemanticEvents, SemanticReporter, type SemanticStats } from './reporter.ts'
import type { Neighbour, Query } from './vector-index.ts'

interface Answered<T> {
  readonly answer: T
  /** Names the entry that holds the answer, for `invalidate`. */
  readonly id: string
  /** What the answer was given to, trimmed. */
  readonly question: string
}

/** An answer, and where it came from. */
export type Answer<T> =
  /** `similarity` to the question that was answered before: 1 for the same text. */
  | (Answered<T> & { readonly hit: true; readonly similarity: number })
  /** `similarity` of the nearest question that was not near enough, if there is one. */
  | (Answered<T> & { readonly hit: false; readonly similarity: number | undefined })

/** How a question is to be answered. */
interface Asked extends Question {
  readonly tags: readonly string[]
  /** Milliseconds. */
  readonly ttl: number
  /** How its answer, and those of questions near it, are read. */
  readonly reading: ReadOptions
}

/** Pointers that are looked at for one question: more than one, because answers can be void. */
const candidates = 8
/** Of one answer, besides those of its metadata. */
const mostTags = 32
const askOptions: ReadonlySet<string> = new Set(['metadata', 'tags', 'ttl'])

/**
 * Answers a question from the answer to one that means the same.
 *
 * Questions are compared by the cosine of their embeddings; the answers are entries of the cache, and only those decide what
 * is served: after `invalidate`, `invalidateTag` or `invalidateWhere` has resolved, no `ask` that starts afterwards, in any
 * process, returns what was loaded before it. However many ask the same question at once, in all processes, one of them calls
 * for the answer. Only answers to questions with the same metadata are looked at.
 * While the embedder is away, an equal question is still answered from the cache; while Redis is away, all are by their loaders.
 *
 * @example
 * const answers = new SemanticCache({ cache, name: 'answers', embedder, metadata: ['tenant'] })
 * const { answer, hit, similarity } = await answers.ask(question, () => model.complete(question), {
 *   metadata: { tenant: 'acme' },
 * })
 *
 * @see docs/semantic.md for what is not promised, and how to choose the threshold.
 */
export class SemanticCache<const Name extends string = never> {
  readonly #options: ResolvedSemanticOptions
  readonly #answers: ChildCache
  readonly #embedding: Embedding
  readonly #reporter = new SemanticReporter()

  /** Opens no connection; the first question does, or `connect`. @throws {InvalidOptionsError} with every option that is wrong. */
  constructor(options: SemanticCacheOptions<Name>) {
    this.#options = resolveSemantic(options)
    const { cache, name, embedder, embedTimeout: timeout, parts } = this.#options
    this.#answers = cache.child(name)
    const embedded = (duration: number) => this.#reporter.report({ type: 'embed', duration })
    this.#embedding = new Embedding(embedder, { timeout, clock: parts.around.clock, embedded })
  }

  get name(): string {
    return this.#options.name
  }

  get events(): SemanticEvents {
    return this.#reporter.events
  }

  /**
   * Resolves when the cache and the index have answered. Not needed before the first question.
   *
   * @throws {ConnectionError} {@link InvalidOptionsError} for an index that this server cannot have.
   */
  async connect(): Promise<void> {
    await this.#options.cache.connect()
    await this.#options.index.connect?.()
  }

  /**
   * Returns the answer to `question`: its own if it is cached, that of the most similar question if that is similar enough, or
   * what `load` returns, which is cached then. A `null` is "no answer": it is cached for this question alone, and not for long.
   *
   * @param load Calls for the answer, as a loader of `getOrLoad`: it has a signal, and may set the TTL.
   * @throws what `load` throws, as it was thrown. {@link LoadTimeoutError} {@link UncacheableValueError} as `getOrLoad`.
   * @throws {InvalidOptionsError} for a question that is no text, metadata that is missing, or an index that this server cannot have.
   * @throws {InvalidKeyError} for a tag that cannot be used.
   */
  async ask<T>(
    question: string,
    load: Loader<T>,
    ...[options]: [Name] extends [never] ? [options?: AskOptions<Name>] : [options: AskOptions<Name>]
  ): Promise<Answer<T>> {
    const asked = this.#read(question, options)
    const own = await this.#answers.get<Stored | null>(asked.id, asked.reading)
    if (own.found) return this.#hit<T>(asked, { id: asked.id, similarity: 1 }, own.value)

    const query = await this.#query(asked)
    const { served, nearest } = query ? await this.#similar<T>(asked, query) : {}
    if (served) return served
    this.#missed(asked, nearest)
    return this.#call(asked, load, query, nearest?.similarity)
  }

  /**
   * Voids answers, by the ids that `ask` has returned: each for its own question and all that are similar to it.
   *
   * @returns {@link CacheAside.invalidate} @throws {StoreError} {@link InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   */
  async invalidate(ids: string | readonly string[], options?: InvalidateOptions): Promise<Acknowledgement> {
    return this.#answers.invalidate(listOf(ids).map(checkedId), options)
  }

  /** Voids every answer that has one of these tags, those that are being called for among them. {@link invalidate} */
  async invalidateTag(tags: string | readonly string[], options?: InvalidateOptions): Promise<Acknowledgement> {
    return this.#answers.invalidateTag(listOf(tags).map(callersTag), options)
  }

  /**
   * Voids every answer with this metadata, whatever the rest of it: those that are being called for among them. {@link invalidate}
   *
   * @example
   * await answers.invalidateWhere({ tenant: 'acme' })
   */
  async invalidateWhere(
    metadata: Readonly<Partial<Record<Name, string>>>,
    options?: InvalidateOptions,
  ): Promise<Acknowledgement> {
    return this.#answers.invalidateTag(whereTag(readMetadata(this.#options.names, metadata, 'filter')), options)
  }

  /** Voids every answer of this semantic cache. {@link invalidate} */
  async clear(options?: ClearOptions): Promise<Acknowledgement> {
    return this.#answers.clear(options)
  }

  /** What this process has counted. */
  stats(): SemanticStats {
    return this.#reporter.stats()
  }

  #read(
    question: string,
    options: { readonly metadata?: unknown; readonly tags?: unknown; readonly ttl?: unknown } = {},
  ): Asked {
    refuseNonObject(options)
    const problems: OptionProblem[] = []
    refuseUnknown(options, askOptions, problems)
    const { tags = [] } = options
    if (!Array.isArray(tags) || new Set(tags).size > mostTags) {
      const expected = `a list of at most ${mostTags} tags, such as ['policy']`
      problems.push({ option: 'tags', expected, got: Array.isArray(tags) ? `${new Set(tags).size} tags` : shown(tags) })
    }
    if (problems.length > 0) throw new InvalidOptionsError(problems)

    const { names, reading, ttl } = this.#options
    const asked = readQuestion(question, readMetadata(names, options.metadata, 'question'))
    return {
      ...asked,
      tags: (tags as string[]).map(callersTag),
      ttl: options.ttl === undefined ? ttl : parseDuration(options.ttl as string, 'ttl'),
      reading: { ...reading, tags: whereTags(asked.metadata) },
    }
  }

  /** Undefined where there is no vector: the question cannot be compared then, and is answered all the same. */
  async #query({ text, scope }: Question): Promise<Query | undefined> {
    try {
      return { scope, vector: await this.#embedding.of(text) }
    } catch (error) {
      this.#reporter.report({ type: 'embed-error', error })
      return undefined
    }
  }

  /** The answer to the most similar question that still has one, if that is similar enough; and the nearest that is not. */
  async #similar<T>(
    asked: Asked,
    query: Query,
  ): Promise<{ readonly served?: Answer<T>; readonly nearest?: Neighbour }> {
    const { index, threshold } = this.#options
    const found = await this.#orReport('search', () => index.search(query, candidates))
    // Whatever the index says: an id begins with its scope, and that of another is never looked at.
    const ofScope = (found ?? []).filter(({ id }) => id !== asked.id && id.startsWith(`${asked.scope}-`))
    for (const neighbour of ofScope) {
      if (!(neighbour.similarity >= threshold)) return { nearest: neighbour }
      const stored = await this.#answers.get<Stored | null>(neighbour.id, asked.reading)
      if (stored.found && stored.value !== null) return { served: this.#hit(asked, neighbour, stored.value) }
      if (await this.#isAway()) return {}
      this.#reporter.report({ type: 'dropped', id: neighbour.id })
      await this.#orReport('remove', () => index.remove(neighbour.id, query))
    }
    return {}
  }

  /** What is not found then may be there. */
  async #isAway(): Promise<boolean> {
    const { store, namespaceKeys } = this.#options.parts.options
    return store.readings(namespaceKeys, []).then(
      () => false,
      () => true,
    )
  }

  #hit<T>({ text, id: asked }: Asked, { id, similarity }: Neighbour, stored: Stored | null): Answer<T> {
    this.#reporter.report({ type: 'hit', id, similarity, exact: id === asked })
    return { hit: true, similarity, id, question: stored?.question ?? text, answer: (stored?.answer ?? null) as T }
  }

  #missed({ id }: Asked, nearest: Neighbour | undefined): void {
    const { threshold, nearMiss } = this.#options
    this.#reporter.report({ type: 'miss', id, nearest: nearest?.similarity })
    if (nearest && nearest.similarity >= threshold - nearMiss)
      this.#reporter.report({ type: 'near-miss', id, nearest: nearest.id, similarity: nearest.similarity })
  }

  /** Calls for the answer, or has it from whoever is about it. Who has called lets the question be found. */
  async #call<T>(
    { id, text, tags, ttl, reading }: Asked,
    load: Loader<T>,
    query: Query | undefined,
    similarity: number | undefined,
  ): Promise<Answer<T>> {
    let called = false
    let declined = false
    let keptFor = ttl
    const call = async (context: LoadContext): Promise<Stored | null> => {
      called = true
      declined = false
      keptFor = ttl
      this.#reporter.report({ type: 'call', id })
      const answer = await load({
        ...context,
        stale: context.stale && { ...context.stale, value: (context.stale.value as Stored | null)?.answer ?? null },
        setTtl: (given) => {
          context.setTtl(given)
          keptFor = parseDuration(given, 'setTtl')
        },
        decline: () => {
          context.decline()
          declined = true
        },
      })
      // For the engine to treat as what they are.
      if (answer === null || answer === undefined) return answer as null
      return { question: text, answer }
    }

    const all = { ...reading, ttl, tags: [...(reading.tags as string[]), ...tags] }
    const stored = await this.#answers.getOrLoad<Stored | null>(id, call, all)
    if (called && !declined && stored !== null && query)
      await this.#orReport('add', () => this.#options.index.add({ ...query, id, ttl: keptFor }))
    return { hit: false, similarity, id, question: text, answer: (stored?.answer ?? null) as T }
  }

  /** As what the index does, unless that takes too long. */
  #inTime<T>(act: Promise<T>): Promise<T> {
    const { embedTimeout: limit, parts } = this.#options
    return new Promise((resolve, reject) => {
      const cancel = parts.around.clock.after(limit, () =>
        reject(new Error(`no answer from the index within ${limit} ms`)),
      )
      act.then(resolve, reject).finally(cancel)
    })
  }

  /** The index is only a help, unless it cannot be had at all. */
  async #orReport<T>(operation: 'search' | 'add' | 'remove', act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#inTime(act())
    } catch (error) {
      if (error instanceof InvalidOptionsError) throw error
      this.#reporter.report({ type: 'index-error', operation, error })
      return undefined
    }
  }
}

/** What is neither text nor a list is one name, for the next to refuse. */
const listOf = (given: string | readonly string[]): readonly string[] =>
  Array.isArray(given) ? given : [given as string]
