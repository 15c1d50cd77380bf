import type { CacheAside } from '@cache-aside/core'
import {
  ExactIndex,
  type Neighbour,
  type Pointer,
  type Query,
  redisVectors,
  type VectorIndex,
} from '@cache-aside/core/semantic'
import { forEach, timedCalls } from '../calls.ts'
import { dot, Vectors } from '../vectors.ts'
import type { Added, Collection, IndexName, Judgement, Slice } from './semantic.messages.ts'

/** Longer than all of it takes, in milliseconds. */
const ttl = 3_600_000
/** What a semantic cache looks at. */
const looked = 8
/** The usual threshold. */
const threshold = 0.95
/** What is added by one caller alone. */
const addedAlone = 500

/** One collection in both indexes. */
export class IndexedCollection {
  readonly #indexes: Readonly<Record<IndexName, VectorIndex>>
  readonly #pointers: readonly Pointer[]
  readonly #queries: readonly Query[]

  constructor(cache: CacheAside, collection: Collection) {
    const { lies, dimensions, entries, tenants, queries } = collection
    const vectors = new Vectors(dimensions, 7)
    this.#pointers = pointersOf(vectors, collection)
    // Of an entry each, from hardly near enough to the same.
    this.#queries = Array.from({ length: queries }, () => {
      const { scope, vector } = this.#pointers[Math.floor(vectors.random() * entries)] as Pointer
      return { scope, vector: vectors.near(vector, vectors.between(0.85, 1)) }
    })
    const place = {
      name: ['questions', lies.replace(' ', '-'), dimensions, tenants].join('-'),
      cache,
      embedder: 'vectors',
      maxEntries: entries,
    }
    this.#indexes = { redisVectors: redisVectors()(place), ExactIndex: new ExactIndex({ maxEntries: entries }) }
  }

  /** To both indexes. What it takes is that of Redis. */
  async add(bytes: () => Promise<number>): Promise<Added> {
    const { redisVectors: redis, ExactIndex: exact } = this.#indexes
    const before = await bytes()
    const alone = this.#pointers.slice(-Math.min(addedAlone, this.#pointers.length))
    const others = this.#pointers.slice(0, this.#pointers.length - alone.length)
    await forEach(8, others, (pointer) => redis.add(pointer))
    const calls = await timedCalls(1, alone.length, (number) => redis.add(alone[number] as Pointer))
    await forEach(1, this.#pointers, (pointer) => exact.add(pointer))
    return { calls, bytes: ((await bytes()) - before) / this.#pointers.length }
  }

  async search(index: IndexName, count: number): Promise<Slice> {
    const queries = this.#queries
    const call = (number: number) => this.#indexes[index].search(queries[number % queries.length] as Query, looked)
    return { one: await timedCalls(1, count, call), eight: await timedCalls(8, count, call) }
  }

  /** @throws when a query has no answer at all. */
  async judge(): Promise<Judgement> {
    const vectorOf = new Map(this.#pointers.map(({ id, vector }) => [id, vector]))
    const judged: { readonly isFound: boolean; readonly isNear: boolean; readonly isHit: boolean }[] = []
    let [error, all, same] = [0, 0, 0]
    for (const query of this.#queries) {
      const found = await this.#indexes.redisVectors.search(query, looked)
      const exact = await this.#indexes.ExactIndex.search(query, looked)
      const nearest = first(exact)
      const best = first(found)
      judged.push({
        // Two can be as near as each other.
        isFound: best.id === nearest.id || cosine(best.id) >= cosine(nearest.id) - 1e-6,
        isNear: nearest.similarity >= threshold,
        isHit: best.similarity >= threshold,
      })
      all += exact.length
      same += exact.filter(({ id }) => found.some((one) => one.id === id)).length
      for (const { id, similarity } of found) error = Math.max(error, Math.abs(similarity - cosine(id)))

      function cosine(id: string): number {
        return dot(vectorOf.get(id) as Float32Array, query.vector)
      }
    }
    const near = judged.filter(({ isNear }) => isNear)
    return {
      recall: share(judged, ({ isFound }) => isFound),
      eight: same / all,
      near: near.length,
      nearRecall: share(near, ({ isFound }) => isFound),
      hits: share(near, ({ isHit }) => isHit),
      error,
    }
  }
}

function first([nearest]: readonly Neighbour[]): Neighbour {
  if (!nearest) throw new Error('a search has found nothing')
  return nearest
}

const share = <T>(all: readonly T[], is: (one: T) => boolean) => all.filter(is).length / all.length

function pointersOf(vectors: Vectors, { lies, entries, tenants }: Collection): Pointer[] {
  const all = lies === 'anywhere' ? some(entries, () => vectors.direction()) : inTopics(vectors, entries)
  const pointers = all.map((vector, number) => ({
    id: `q-${number}`,
    scope: Math.floor((number * tenants) / entries)
      .toString(16)
      .padStart(32, '0'),
    vector,
    ttl,
  }))
  // Nobody asks topic by topic.
  return pointers
    .map((pointer) => ({ pointer, place: vectors.random() }))
    .toSorted((one, another) => one.place - another.place)
    .map(({ pointer }) => pointer)
}

/** Topics of ten questions, in subjects of ten topics: questions of a topic are at cosines of 0.64 to 0.98 of each other. */
function inTopics(vectors: Vectors, entries: number): Float32Array[] {
  const subjects = some(Math.ceil(entries / 100), () => vectors.direction())
  const topics = some(Math.ceil(entries / 10), (number) =>
    vectors.near(subjects[Math.floor(number / 10)] as Float32Array, 0.6),
  )
  return some(entries, (number) =>
    vectors.near(topics[Math.floor(number / 10)] as Float32Array, vectors.between(0.8, 0.99)),
  )
}

const some = <T>(length: number, make: (number: number) => T): T[] =>
  Array.from({ length }, (_, number) => make(number))
