import type { Operation } from './shapes.messages.ts'
import type { Message, Product, Source } from './shapes.source.ts'

/** One way to keep rows of one shape, as an application would write it. Each operation returns what its caller gets. */
export type Keeper = Readonly<Record<Operation, (id: string) => Promise<unknown>>>

/** Both shapes in one way, on the Redis at a URL. Resolves when it is connected. */
export type OpenKeepers = (url: string, sources: Sources) => Promise<Keepers>

export interface Sources {
  readonly record: Source<Product>
  readonly window: Source<readonly Message[]>
}

export interface Keepers {
  readonly record: Keeper
  /** It has no fields. */
  readonly window: Omit<Keeper, 'hit, two fields'>
  close(): Promise<void>
}

/** Longer than all of it takes, in milliseconds. */
export const ttl = 3_600_000
/** Those of a record that are read by themselves. */
export const twoFields = ['stock', 'price'] as const

/** For what is cached: nothing is to be loaded. */
export async function mustNotLoad(): Promise<never> {
  throw new Error('what should have been a hit was a miss')
}

/** @throws unless an operation ended as it has to. */
export function assertEnds<T>(end: T, expected: T): T {
  if (end !== expected) throw new Error(`it ended as ${String(end)}, not as ${String(expected)}`)
  return end
}
