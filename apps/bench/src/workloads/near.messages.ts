import type { Form } from '../documents.ts'

/** What the process under test is told. `fill`: every key has a value of this form, in its memory at the end. */
export type Order =
  | { readonly kind: 'fill'; readonly form: Form; readonly keys: number }
  | { readonly kind: 'read'; readonly form: Form; readonly keys: number; readonly milliseconds: number }
  | { readonly kind: 'count'; readonly form: Form; readonly keys: number }

/** Hits, one after the other. Each figure for one of them. */
export interface NearSlice {
  /** Microseconds. */
  readonly time: number
  /** Microseconds, of the whole process: with the collector of what they leave behind. */
  readonly cpu: number
}

/** Each figure for one hit. */
export interface NearCounts {
  /** What is allocated, in bytes. */
  readonly allocated: number
  readonly promises: number
  /** Sent to Redis by all who are connected to it. */
  readonly commands: number
  readonly value: 'own' | 'shared' | 'shared, frozen'
}
