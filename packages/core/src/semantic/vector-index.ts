import type { CacheAside } from '../cache/cache.ts'

/** A question to compare with others. */
export interface Query {
  /** Digest of the metadata: only what has the same is compared. Hexadecimal. */
  readonly scope: string
  /** Of the question, of length 1. */
  readonly vector: Float32Array
}

/** A question whose answer is, or was, in the cache. */
export interface Pointer extends Query {
  readonly id: string
  /** How long its answer is kept, in milliseconds. */
  readonly ttl: number
}

/** A question near the one that was asked. */
export interface Neighbour {
  readonly id: string
  /** The cosine of the angle between the two: 1 for the same direction, 0 for nothing in common. */
  readonly similarity: number
}

/**
 * Finds questions by their vectors. It only points: whether an answer may be served is decided by its entry in the cache, so
 * an index that is late, loses something or is told something twice costs a call and never serves what is void.
 */
export interface VectorIndex {
  /** Resolves when it can be used. @throws {InvalidOptionsError} where it cannot be, {@link ConnectionError} */
  connect?(): Promise<void>
  /** The nearest, best first. */
  search(query: Query, count: number): Promise<readonly Neighbour[]>
  /** Adds or replaces. */
  add(pointer: Pointer): Promise<void>
  /** Of what `query` has found. */
  remove(id: string, query: Query): Promise<void>
}

/** What an index that is made for one semantic cache is told. */
export interface IndexPlace {
  /** Of the semantic cache. */
  readonly name: string
  readonly cache: CacheAside
  /** The id of the embedder. */
  readonly embedder: string
  /** How many questions it may hold. */
  readonly maxEntries: number
}

/** Makes the index of a semantic cache. @throws {InvalidOptionsError} for a cache that it cannot be made for. */
export type IndexFactory = (place: IndexPlace) => VectorIndex
