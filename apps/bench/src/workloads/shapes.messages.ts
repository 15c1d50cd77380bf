import type { Calls } from '../calls.ts'

/** What is kept: a row with fields, or the newest messages of a conversation. */
export const shapeNames = ['record', 'window'] as const
export type ShapeName = (typeof shapeNames)[number]

/** `in its shape`: RecordCache, WindowCache. `as JSON`: one text in CacheAside. `by hand`: ioredis, and no promise. */
export const ways = ['by hand', 'in its shape', 'as JSON'] as const
export type Way = (typeof ways)[number]

/** What is done. A change is one field of a record, one more message of a window; its write takes no time. */
export const operations = [
  'hit',
  'hit, two fields',
  'miss',
  'change, cached',
  'change, not cached',
  'invalidate',
] as const
export type Operation = (typeof operations)[number]

export interface Scene {
  readonly shape: ShapeName
  readonly operation: Operation
}

/** How many calls are timed at a time. */
export interface CallCounts {
  /** By one caller. */
  readonly alone: number
  /** By many. */
  readonly together: number
  readonly callers: number
}

/** What the process under test is told. `check`: what it gives back is what was put in. */
export type Order =
  | { readonly kind: 'check' }
  | { readonly kind: 'count'; readonly scene: Scene }
  | { readonly kind: 'time'; readonly scene: Scene; readonly counts: CallCounts }

/** Of one operation: by one caller, and by many. */
export interface Slice {
  readonly alone: Calls
  readonly together: Calls
}
