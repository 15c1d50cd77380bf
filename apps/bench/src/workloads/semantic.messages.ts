import type { Calls } from '../calls.ts'

/** Questions as an embedder would have them, and those that are asked. */
export interface Collection {
  /** `in topics`: as questions do. `anywhere`: nothing is near anything else, which is hardest for an index. */
  readonly lies: 'in topics' | 'anywhere'
  readonly dimensions: number
  readonly entries: number
  /** Only those of one are compared. */
  readonly tenants: number
  /** How many are asked. */
  readonly queries: number
}

export const indexes = ['redisVectors', 'ExactIndex'] as const
export type IndexName = (typeof indexes)[number]

/** How many calls are timed at a time, by one caller and then by eight. */
export type CallCounts = Readonly<Record<IndexName | 'ask', number>>

/** `hit, same text`: no embedding. `hit, rephrased`: found by its vector. `getOrLoad, hit`: of the cache below. */
export const askings = ['hit, same text', 'hit, rephrased', 'miss', 'getOrLoad, hit'] as const
export type Asking = (typeof askings)[number]

/** What the process under test is told. `learn`: so many questions are asked for the first time. */
export type Order =
  | { readonly kind: 'add'; readonly collection: Collection }
  | { readonly kind: 'judge'; readonly collection: Collection }
  | { readonly kind: 'search'; readonly collection: Collection; readonly index: IndexName; readonly count: number }
  | { readonly kind: 'learn'; readonly questions: number }
  | { readonly kind: 'count'; readonly asking: Asking }
  | { readonly kind: 'ask'; readonly asking: Asking; readonly count: number }

/** By one caller, and by eight. */
export interface Slice {
  readonly one: Calls
  readonly eight: Calls
}

/** What it took to put a collection into Redis. */
export interface Added {
  /** The last of them, one after the other. */
  readonly calls: Calls
  /** Of Redis, for each entry (`MEMORY USAGE`). */
  readonly bytes: number
}

/** What Redis finds, beside the exact index. Shares of 1. */
export interface Judgement {
  /** Of all queries, whose nearest is found. */
  readonly recall: number
  /** Of the nearest eight of all queries, those that are found. */
  readonly eight: number
  /** How many queries have a nearest of 0.95 or more: which is a hit. */
  readonly near: number
  /** Of these, whose nearest is found. */
  readonly nearRecall: number
  /** Of these, for which any of 0.95 or more is found: which is a hit as well. */
  readonly hits: number
  /** The largest difference between a similarity that is returned and the cosine. */
  readonly error: number
}
