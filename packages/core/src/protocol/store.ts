/**
 * What the engine needs of the place where entries live: one string per key and a few atomic operations on its head
 * (docs/protocol.md). Keys arrive complete, with their namespace. Every operation rejects when the store cannot do it;
 * none waits without bound. All are safe to send twice,
 * but for `acquire` and `claim`: those reject where that may have happened.
 */
export interface Store {
  /** What stands under `key`, or null. The reply is never older than the call. */
  read(key: string): Promise<Buffer | null>

  /** Takes the lease of `key`, unless another stands or a value does. `replacing` is the head of an unreadable entry that may go. */
  acquire(key: string, lease: Lease & { readonly replacing?: Buffer | undefined }): Promise<Acquired>

  /** Takes the lease of `key` from whoever has it, and voids the value: the first half of a `set`. */
  claim(key: string, lease: Lease): Promise<void>

  /** Puts `entry` where the lease stands. Rejected if anything has touched the key since. */
  fill(
    key: string,
    fill: { readonly token: string; readonly entry: Buffer; readonly ttl: number },
  ): Promise<'accepted' | 'rejected'>

  /** Gives a lease that still stands a new TTL. */
  extend(key: string, lease: Lease): Promise<'extended' | 'lost'>

  /** Ends a lease that still stands; nobody else's. */
  release(key: string, token: string): Promise<'released' | 'lost'>

  /** Voids value and lease of each key. Resolves once all are void. */
  invalidate(keys: readonly string[]): Promise<void>

  /** Milliseconds until the value under `key` ends; null if there is no value. */
  remaining(key: string): Promise<number | null>

  /** Reports keys that begin with `prefix` and were expired, evicted or deleted. Best effort: reports can be lost. */
  watchEvictions(prefix: string, listener: (eviction: Eviction) => void): Promise<EvictionWatch>

  /** Resolves when the store has answered. @throws {ConnectionError} */
  connect(): Promise<void>

  /** Closes what this store has opened, and nothing it was given. */
  close(): Promise<void>
}

export interface Lease {
  readonly token: string
  /** Milliseconds. */
  readonly ttl: number
}

export type Acquired =
  | { readonly kind: 'acquired' }
  /** Another holds the lease, for `remaining` milliseconds if it does not extend it. */
  | { readonly kind: 'held'; readonly remaining: number }
  | { readonly kind: 'value'; readonly raw: Buffer }

/** A key that is gone. `deleted` covers invalidations, and leases that ended without a value. */
export interface Eviction {
  readonly reason: 'expired' | 'evicted' | 'deleted'
  readonly key: string
}

export interface EvictionWatch {
  /** `refused`: the server does not report what was asked for, and may not be told to. `hint` says what to set. */
  readonly notifications: 'on' | 'refused'
  readonly hint?: string
  close(): Promise<void>
}
