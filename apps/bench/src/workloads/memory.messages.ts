import type { Form } from '../documents.ts'

/** What the process under test is told. */
export interface Order {
  readonly form: Form
  readonly entries: number
}

/** Bytes that each entry takes in the process. */
export interface Footprint {
  /** Of objects and texts. */
  readonly heap: number
  /** Of buffers. */
  readonly external: number
}
