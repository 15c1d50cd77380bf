import type { Form } from '../documents.ts'

/** What is read, and by how many at once. */
export interface Scene {
  readonly form: Form
  readonly callers: number
}

/** What the process under test is told. `fill`: every key, with a value of this form, is cached, and read back once. */
export type Order =
  | { readonly kind: 'fill'; readonly form: Form; readonly keys: number }
  | { readonly kind: 'read'; readonly scene: Scene; readonly keys: number; readonly milliseconds: number }

/** Hits of some time. */
export interface Slice {
  /** In a second. */
  readonly rate: number
  /** Milliseconds. */
  readonly p50: number
  /** Milliseconds. */
  readonly p99: number
  /** Of the process for each hit, in microseconds. */
  readonly cpu: number
}
