/** What stands in Redis, and what is said to it. */

export type Tag = 'a' | 'b'
export type Token = number

/** The state and the token or id behind it: what a fill compares. */
export type Head = string

/** What is known before a load begins, and goes into the entry that it makes. */
export interface Origin {
  readonly generation: string
  /** Of the hash of tags, and the reading of its clock. */
  readonly id: string
  readonly reading: number
}

export type Key = { readonly kind: 'absent' } | { readonly kind: 'lease'; readonly head: Head } | Value

export interface Value {
  readonly kind: 'value'
  readonly head: Head
  readonly version: number
  readonly tags: readonly Tag[]
  readonly origin: Origin
}

/** `gone` is ''. With a `!`: a clear has to settle. */
export interface Generation {
  readonly name: string
}

/** A writer at work, and when its time is over. */
interface Writer {
  readonly token: Token
  readonly end: number
}

/** Readings of a tag: what was loaded before is void, or expired. It is void before the end of each writer, too. */
export interface Field {
  readonly void: number
  readonly expired: number
  readonly writers: readonly Writer[]
}

/** The hash of tags; its `id` is '' where it is gone. */
export interface Tags {
  readonly id: string
  readonly clock: number
  /** Readings ahead of the clock: once it is time, a moment brings the clock forward. */
  readonly due: readonly number[]
  readonly floor: number
  readonly fields: Fields
}

export type Fields = Readonly<Record<Tag, Field | undefined>>

export interface Store {
  readonly key: Key
  readonly generation: Generation
  readonly tags: Tags
  /** Names made so far: no two are alike. */
  readonly made: number
}

/** The fields that were asked for. */
export interface Readings {
  readonly id: string
  readonly floor: number
  readonly asked: readonly Tag[]
  readonly fields: Fields
}

export type Command =
  | { readonly op: 'read' | 'generation' | 'invalidate' }
  | { readonly op: 'readings'; readonly tags: readonly Tag[] }
  /** The generation and readings, asked for together. */
  | { readonly op: 'check'; readonly tags: readonly Tag[] }
  | {
      readonly op: 'acquire'
      readonly token: Token
      readonly stale: Head | undefined
      readonly over: Head | undefined
    }
  | { readonly op: 'moment' | 'generate' | 'claim'; readonly token: Token }
  | { readonly op: 'fill'; readonly expected: Head; readonly value: Value }
  | { readonly op: 'release'; readonly expected: Head }
  | { readonly op: 'bump' | 'lower'; readonly token: Token; readonly tags: readonly Tag[]; readonly settles: boolean }
  | { readonly op: 'expire' | 'raise'; readonly token: Token; readonly tags: readonly Tag[] }
  | { readonly op: 'clear'; readonly token: Token; readonly settles: boolean }

export type Reply =
  | { readonly kind: 'done' | 'held' | 'accepted' | 'rejected' }
  | { readonly kind: 'seen'; readonly value: Value | undefined; readonly generation: string }
  | { readonly kind: 'acquired'; readonly head: Head }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'moment'; readonly id: string; readonly reading: number }
  | { readonly kind: 'generation'; readonly generation: string }
  | { readonly kind: 'readings'; readonly readings: Readings; readonly generation: string }

export const absent: Key = { kind: 'absent' }
export const none: Generation = { name: '' }
export const noFields: Fields = { a: undefined, b: undefined }
export const gone: Tags = { id: '', clock: 0, due: [], floor: 0, fields: noFields }
export const leaseOf = (token: Token): Head => `L${token}`
export const headOf = (key: Key): Head | undefined => ('head' in key ? key.head : undefined)
export const isSettling = (generation: string): boolean => generation.startsWith('!')
