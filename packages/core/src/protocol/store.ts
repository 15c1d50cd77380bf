import type { Origin, TagReadings } from '../entry/origin.ts'

/**
 * What the engine needs of the place where entries live: one string per key and a few atomic operations on its head
 * (docs/protocol.md). Keys arrive complete, with their namespace. Every operation rejects when the store cannot do it;
 * none waits without bound. All are safe to send twice, but for `acquire`, `claim`, `raise` and `raiseTags`: those reject
 * where that may have happened.
 */
export interface Store {
  /** The clock that says until when a value is fresh: milliseconds since 1970. */
  now(): number

  /** What stands under `key`, and what its namespace says of that now: not older than the call. */
  read(key: string, namespace: NamespaceKeys, tags: readonly string[]): Promise<Reading>

  /** What a namespace says now of itself and of tags: not older than the call. */
  readings(namespace: NamespaceKeys, tags: readonly string[]): Promise<NamespaceReadings>

  /** What is true of a namespace before a load begins. Makes what is not there. */
  origin(namespace: NamespaceKeys, tagged: boolean): Promise<Origin>

  /**
   * Takes the right to load `key`, unless another has it or a value stands.
   * @param attempt `void` is the head of an unreadable entry that may go, `stale` that of a value to be refreshed.
   */
  acquire(key: string, attempt: Attempt): Promise<Acquired>

  /** Takes the lease of `key` from whoever has it, and voids the value: the first half of a `set`. */
  claim(key: string, attempt: Attempt): Promise<'claimed' | 'barred'>

  /** Puts `entry` where the lease stands. Rejected if anything has touched the key since. */
  fill(key: string, lease: Lease, entry: Entry): Promise<'accepted' | 'rejected'>

  /** Makes the value that the lease is to refresh fresh again, under a new id. Rejected as a fill is. */
  renew(key: string, lease: Lease, renewal: Renewal): Promise<'accepted' | 'rejected'>

  /** Gives a lease that still stands a new TTL. With `failed` it keeps others from a refresh for so long, not from a load. */
  extend(key: string, lease: Lease, mark?: 'failed'): Promise<'extended' | 'lost'>

  /** Ends a lease that still stands, nobody else's; and with it the value that it was to refresh. */
  release(key: string, lease: Lease): Promise<'released' | 'lost'>

  /** Voids value and lease of each key. Resolves once all are void, on so many replicas too. */
  invalidate(keys: readonly string[], replicas?: number): Promise<void>

  /** Ends the freshness of each key's value, and voids its lease. Resolves once all are. */
  expire(keys: readonly string[]): Promise<void>

  /** Puts up a writer's part of the barrier, or keeps it up: until its TTL ends, readers load without filling. */
  raise(key: string, writer: Attempt): Promise<'raised' | 'up'>

  /** Takes down a writer's part of the barrier; puts `entry` there if no other writer was at work meanwhile. */
  lower(key: string, writer: Lowering): Promise<'lowered' | 'stored'>

  /** Sets tags forward: what was loaded before with one of them is void, or expired. On so many replicas too. */
  bump(tagClock: string, tags: readonly string[], bump: Bump): Promise<void>

  /** Puts up a writer's part of the barrier of some tags, or keeps it up: what has one of them is void until its TTL ends. */
  raiseTags(tagClock: string, tags: readonly string[], writer: Attempt): Promise<'raised' | 'up'>

  /** Takes down a writer's part of the barrier of some tags, and voids what has one of them. */
  lowerTags(tagClock: string, tags: readonly string[], writer: Omit<Lowering, 'entry'>): Promise<void>

  /** Voids every entry of a namespace, and lets nothing be filled for `settle` milliseconds. */
  clear(generation: string, settle: number): Promise<void>

  /**
   * Finds the keys that begin with `prefix`, as it is written, and go on as the glob `pattern` says: in steps, which may
   * be empty and may repeat a key. No key is missed that stands from the first step until the last.
   */
  find(prefix: string, pattern: string): AsyncIterable<readonly string[]>

  /** Reports keys that begin with `prefix` and were expired, evicted or deleted. Best effort: reports can be lost. */
  watchEvictions(prefix: string, listener: (eviction: Eviction) => void): Promise<EvictionWatch>

  /** Tells of every change to a key that begins with one of `prefixes`, none of which begins with another. Opens what it needs by itself, and tells nothing before it has returned. */
  track(prefixes: readonly string[], listener: TrackingListener, within: number): Tracking

  /** Tells when the store stops answering and when it answers again. Returns how to stop. */
  onChange(listener: (change: Availability) => void): () => void

  /** Resolves when the store has answered. @throws {ConnectionError} */
  connect(): Promise<void>

  /** Closes what this store has opened, and nothing it was given. */
  close(): Promise<void>
}

/** What a read and its load need of a store. */
export type EntryStore = Pick<
  Store,
  'now' | 'read' | 'readings' | 'origin' | 'acquire' | 'fill' | 'renew' | 'extend' | 'release'
>

/** The keys of a namespace that void many of its entries at once, complete. */
export interface NamespaceKeys {
  readonly generation: string
  readonly tagClock: string
}

export interface NamespaceReadings {
  /** Undefined: there is none, so no entry is of it. */
  readonly generation: string | undefined
  /** Undefined where no tags are asked for. */
  readonly tags: TagReadings | undefined
}

export interface Reading extends NamespaceReadings {
  readonly raw: Buffer | null
}

export interface Bump {
  readonly what: 'void' | 'expire'
  /** How long nothing with one of the tags is to be filled yet, in milliseconds. */
  readonly settle: number
  readonly replicas: number
}

/** One attempt to load or to write. The token is fresh for each. */
export interface Attempt {
  readonly token: string
  /** Milliseconds. */
  readonly ttl: number
  readonly void?: Buffer | undefined
  readonly stale?: Buffer | undefined
}

/** The right to fill a key: where this head stands, its holder may. */
export interface Lease {
  readonly head: Buffer
  /** Milliseconds. */
  readonly ttl: number
}

/** An entry to store. Its freshness counts from when the store has it. Milliseconds. */
export interface Entry {
  readonly raw: Buffer
  readonly freshFor: number
  /** The hard TTL, at least `freshFor`. */
  readonly ttl: number
}

/** A new lifetime of an entry, under a new id. */
export interface Renewal extends Omit<Entry, 'raw'> {
  readonly id: string
  readonly origin: Origin
}

export interface Lowering {
  readonly token: string
  /** How long nothing is to be filled yet, in milliseconds. */
  readonly settle: number
  readonly entry?: Entry | undefined
}

export type Acquired =
  /** `head` is what a fill will expect; `replaced` what stood there that a read does not tell. */
  | { readonly kind: 'acquired'; readonly head: Buffer; readonly replaced?: string }
  /** Another has the right, for `remaining` milliseconds if it does not extend it. */
  | { readonly kind: 'held'; readonly remaining: number }
  | { readonly kind: 'value'; readonly raw: Buffer }
  /** A writer is at work: what is loaded now cannot be filled. */
  | { readonly kind: 'barred' }

/**
 * A key that is gone. `deleted` covers invalidations, and leases that ended: without a value, or with that of a record or window,
 * which is another type of key.
 */
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

/** What is told of changes, in the order of the store. */
export interface TrackingListener {
  /** These keys have changed, or may have. */
  changed(keys: readonly string[]): void
  /** Anything may have changed. */
  lost(reason: unknown): void
  /** What changes from now on is told. */
  ready(): void
  /** The store does not offer it; nothing more is told. */
  refused(reason: unknown): void
}

export interface Tracking {
  /** Milliseconds: what changed longer ago has been told. Infinity while nothing is. */
  lag(): number
  close(): void
}

export type Availability =
  | { readonly kind: 'degraded'; readonly reason: unknown }
  /** `after` so many milliseconds. */
  | { readonly kind: 'recovered'; readonly after: number }
