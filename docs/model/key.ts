/** The state and the token or id behind it, which is what fills compare: `L3` is a lease of actor 3, `V3` a value of theirs. */
export type Head = string

/** What stands under the key. */
export type Key = { readonly kind: 'absent' } | { readonly kind: 'lease'; readonly head: Head } | Value | Barrier

export interface Value {
  readonly kind: 'value'
  readonly head: Head
  readonly version: number
  /** `stale` by time, `expired` by call. */
  readonly age: 'fresh' | 'stale' | 'expired'
  /** Of a refresh. Advice, for a time. */
  readonly mark: 'none' | 'refreshing' | 'failed'
}

export interface Barrier {
  readonly kind: 'barrier'
  readonly contended: boolean
  /** Tokens. */
  readonly writers: readonly number[]
}

export interface Entry {
  readonly head: Head
  readonly version: number
}

export const absent: Key = { kind: 'absent' }
export const leaseOf = (token: number): Head => `L${token}`
export const valueOf = (writer: number): Head => `V${writer}`
export const isLease = (head: Head): boolean => head.startsWith('L')
export const headOf = (key: Key): Head | undefined => ('head' in key ? key.head : undefined)

export const fresh = ({ head, version }: Entry): Value => ({ kind: 'value', head, version, age: 'fresh', mark: 'none' })

/** In one order, so that states which are equal look equal. */
export const barrierOf = (contended: boolean, writers: readonly number[]): Barrier => ({
  kind: 'barrier',
  contended,
  writers: writers.toSorted((one, other) => one - other),
})

export type Command =
  | { readonly op: 'get' | 'invalidate' }
  | { readonly op: 'acquire'; readonly token: number; readonly stale: Head | undefined }
  | { readonly op: 'fill'; readonly expected: Head; readonly entry: Entry }
  | { readonly op: 'renew'; readonly expected: Head; readonly head: Head }
  | { readonly op: 'release' | 'defer'; readonly expected: Head }
  | { readonly op: 'claim' | 'expire' | 'raise'; readonly token: number }
  | { readonly op: 'lower'; readonly token: number; readonly settle: boolean; readonly entry: Entry | undefined }

export type Reply =
  | { readonly kind: 'nothing' | 'barred' | 'held' | 'claimed' | 'void' | 'raised' | 'up' | 'stored' | 'lowered' }
  /** Of a fill, a renewal, a release or a deferral: whether what it expects still stood. */
  | { readonly kind: 'accepted' | 'rejected' }
  | { readonly kind: 'acquired'; readonly head: Head }
  | { readonly kind: 'value'; readonly value: Value }
