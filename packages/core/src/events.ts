/** Why a value was served that is not fresh. */
export type StaleReason =
  /** Its time is over, and it is being refreshed. */
  | 'revalidating'
  /** Its loader failed, now or shortly before. */
  | 'load-failed'
  /** Its loader takes longer than `softTimeout`, and goes on. */
  | 'slow-load'

/** Everything a cache reports. Each is also published on the diagnostics channel `cache-aside:<type>`, with the namespace. */
export type CacheEvent =
  /** `near`: without a command, from this process. */
  | { readonly type: 'hit'; readonly key: string; readonly near: boolean }
  | { readonly type: 'miss'; readonly key: string }
  /** A value that is not fresh was served; reported besides `hit` or `miss`. */
  | { readonly type: 'stale'; readonly key: string; readonly reason: StaleReason }
  /** A load began behind a value that was served. */
  | { readonly type: 'refresh'; readonly key: string }
  /** A loader gave a value. `duration` in milliseconds. */
  | { readonly type: 'load'; readonly key: string; readonly duration: number }
  /** A loader threw, or ran out of time. */
  | { readonly type: 'load-error'; readonly key: string; readonly duration: number; readonly error: unknown }
  /** A loader threw an error that is transient, and is tried again. */
  | { readonly type: 'retry'; readonly key: string; readonly attempt: number; readonly error: unknown }
  /** A miss that was served by the load of another caller in this process. */
  | { readonly type: 'join'; readonly key: string }
  /** A miss that was served by the load of another process. */
  | { readonly type: 'wait'; readonly key: string }
  /** A loaded value was offered to the store. Rejected: an invalidation, an eviction or another writer came in between. */
  | { readonly type: 'fill'; readonly key: string; readonly accepted: boolean }
  /** A loader found the value unchanged, and the store was asked to keep it. */
  | { readonly type: 'renew'; readonly key: string; readonly accepted: boolean }
  /** The lease was gone while its loader ran; the fill will be rejected. */
  | { readonly type: 'lease-lost'; readonly key: string }
  /** A writer's barrier had fallen while its write ran, and was put up again. */
  | { readonly type: 'barrier-lost'; readonly key: string }
  | { readonly type: 'invalidate'; readonly keys: readonly string[] }
  | { readonly type: 'expire'; readonly keys: readonly string[] }
  | { readonly type: 'invalidate-tags'; readonly tags: readonly string[] }
  | { readonly type: 'expire-tags'; readonly tags: readonly string[] }
  /** A cached value was changed in place, by a call such as `append`. */
  | { readonly type: 'update'; readonly operation: string; readonly key: string }
  /** The whole namespace was voided. */
  | { readonly type: 'clear' }
  /** The store did not acknowledge that keys, tags or, by `clear`, everything is void. */
  | ({ readonly type: 'invalidate-error'; readonly error: unknown } & Unacknowledged)
  /** Besides `invalidate-error`, with a journal: this process does not read them from the store until it has been told. */
  | ({ readonly type: 'invalidate-pending' } & Unacknowledged)
  /** The journal is empty: so many keys and tags were voided late; `overflowed`: and, if they were too many, the whole namespace. */
  | { readonly type: 'invalidate-replayed'; readonly count: number; readonly overflowed: boolean }
  /** The cache was closed before the store was told; its other readers may see old values until their TTL ends. */
  | { readonly type: 'invalidate-lost'; readonly count: number; readonly overflowed: boolean }
  /** What stands under the key cannot be read as an entry of this cache: treated as a miss and replaced. */
  | { readonly type: 'corrupt'; readonly key: string; readonly reason: string }
  /** What stands under the key was written by another codec or version: treated as a miss and replaced. */
  | { readonly type: 'outdated'; readonly key: string; readonly reason: string }
  /** A value above `maxValueSize` was returned but not cached. `size` in bytes. */
  | { readonly type: 'oversize'; readonly key: string; readonly size: number }
  /** The store failed an operation a reader could do without. */
  | { readonly type: 'store-error'; readonly operation: string; readonly key: string; readonly error: unknown }
  /** What others change is heard from now on: the near cache serves, and waiters are woken. */
  | { readonly type: 'tracking-on' }
  /** Anything may have changed unheard: the near cache was emptied. It serves again when it is told that changes are heard. */
  | { readonly type: 'tracking-lost'; readonly reason: unknown }
  /** The server does not tell what changes, once: there is no near cache then, and waiters ask again and again. */
  | { readonly type: 'tracking-refused'; readonly reason: unknown }
  /** The store does not answer: loaders do. Reported once, until it has `recovered`. */
  | { readonly type: 'degraded'; readonly reason: unknown }
  /** The store answers again, `after` so many milliseconds. */
  | { readonly type: 'recovered'; readonly after: number }

interface Unacknowledged {
  /** The call, such as `invalidate` or `clear`. */
  readonly operation: string
  readonly keys: readonly string[]
  readonly tags: readonly string[]
}

export type CacheEventType = CacheEvent['type']
export type CacheEventOf<Type extends CacheEventType> = Extract<CacheEvent, { type: Type }>
