/** Everything a cache reports. Each is also published on the diagnostics channel `cache-aside:<type>`, with the namespace. */
export type CacheEvent =
  | { readonly type: 'hit'; readonly key: string }
  | { readonly type: 'miss'; readonly key: string }
  /** A loader gave a value. `duration` in milliseconds. */
  | { readonly type: 'load'; readonly key: string; readonly duration: number }
  /** A loader threw, or ran out of time. */
  | { readonly type: 'load-error'; readonly key: string; readonly duration: number; readonly error: unknown }
  /** A miss that was served by the load of another caller in this process. */
  | { readonly type: 'join'; readonly key: string }
  /** A miss that was served by the load of another process. */
  | { readonly type: 'wait'; readonly key: string }
  /** A loaded value was offered to the store. Rejected: an invalidation, an eviction or another writer came in between. */
  | { readonly type: 'fill'; readonly key: string; readonly accepted: boolean }
  /** The lease was gone while its loader ran; the fill will be rejected. */
  | { readonly type: 'lease-lost'; readonly key: string }
  | { readonly type: 'invalidate'; readonly keys: readonly string[] }
  | { readonly type: 'invalidate-error'; readonly keys: readonly string[]; readonly error: unknown }
  /** What stands under the key cannot be read as an entry of this cache: treated as a miss and replaced. */
  | { readonly type: 'corrupt'; readonly key: string; readonly reason: string }
  /** A value above `maxValueSize` was returned but not cached. `size` in bytes. */
  | { readonly type: 'oversize'; readonly key: string; readonly size: number }
  /** The store failed an operation a reader could do without. */
  | { readonly type: 'store-error'; readonly operation: string; readonly key: string; readonly error: unknown }

export type CacheEventType = CacheEvent['type']

export type CacheEventOf<Type extends CacheEventType> = Extract<CacheEvent, { type: Type }>
