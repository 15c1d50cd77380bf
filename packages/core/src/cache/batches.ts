import { storeKey } from '../entry/key.ts'
import { InvalidOptionsError } from '../errors.ts'
import type { CacheEvent } from '../events.ts'
import { BatchLoad, type BatchLoader, type BatchResult, largestBatch } from '../load/batch-load.ts'
import type { Turns } from '../load/run-loader.ts'
import type { ReadThrough } from './read-through.ts'
import { type Settings, shown } from './settings.ts'

export interface BatchReads {
  readonly namespace: string
  readonly reads: ReadThrough
  /** Lets so many loaders run at a time. */
  readonly turns: Turns
  readonly report: (event: CacheEvent) => void
}

/**
 * Reads all keys, and loads together those that have to be: so many at a time. Each key's fate, in the order in which they
 * first appear.
 */
export async function readMany<T>(
  keys: readonly string[],
  loadMany: BatchLoader<BatchResult<unknown>>,
  settings: Settings,
  around: BatchReads,
): Promise<Map<string, PromiseSettledResult<T>>> {
  if (!Array.isArray(keys)) {
    const expected = "a list of keys, such as ['product:p-001']"
    throw new InvalidOptionsError([{ option: 'keys', expected, got: shown(keys) }])
  }
  const unique = [...new Set(keys)]
  for (const key of unique) storeKey(around.namespace, key) // All are checked before the first is read.
  const settled = new Map<string, PromiseSettledResult<T>>()
  for (let start = 0; start < unique.length; start += largestBatch) {
    const slice = unique.slice(start, start + largestBatch)
    const batch = newBatch(loadMany, settings, around)
    const outcomes = await Promise.allSettled(slice.map((key) => readOne<T, string>(batch, key, key, settings, around)))
    outcomes.forEach((outcome, index) => settled.set(slice[index] as string, outcome))
  }
  return settled
}

/** @throws what the first key that failed has failed with, as it was thrown. */
export function valuesOf<T, Key>(settled: ReadonlyMap<Key, PromiseSettledResult<T>>): Map<Key, T> {
  const values = new Map<Key, T>()
  for (const [key, outcome] of settled) {
    if (outcome.status === 'rejected') throw outcome.reason
    values.set(key, outcome.value)
  }
  return values
}

export function newBatch<Given>(
  loadMany: BatchLoader<BatchResult<unknown, Given>, Given>,
  { retry }: Settings,
  { turns, report }: BatchReads,
): BatchLoad<Given> {
  const retrying = (key: string, attempt: number, error: unknown) => report({ type: 'retry', key, attempt, error })
  return new BatchLoad(loadMany, { turns, retry, retrying })
}

/** @param given What the loader is given for `key`. */
export async function readOne<T, Given>(
  batch: BatchLoad<Given>,
  key: string,
  given: Given,
  settings: Settings,
  { reads }: BatchReads,
): Promise<T> {
  const near = reads.near(key, settings)
  if (near !== undefined) return near as T
  const member = batch.member(key, given)
  try {
    const { value } = await reads.getOrLoad(key, member.load, settings, member)
    return value as T
  } finally {
    member.stepAside()
  }
}
