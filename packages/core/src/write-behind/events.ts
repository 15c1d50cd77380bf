/** Everything a write-behind reports. An error is as it was thrown; no value is in any of them. */
export type WriteBehindEvent =
  /** It is this process's turn to write. */
  | { readonly type: 'active' }
  /** It is not any more: closed, without Redis, or overtaken. */
  | { readonly type: 'standby' }
  /** `write` has resolved: for so many puts, of which the newest of each key was written. `duration` in milliseconds. */
  | {
      readonly type: 'written'
      readonly keys: readonly string[]
      readonly entries: number
      readonly duration: number
    }
  /** `write` has rejected, or ran out of time. Its entries are tried again. */
  | { readonly type: 'write-error'; readonly keys: readonly string[]; readonly error: unknown }
  /**
   * `write` has resolved when this process's turn, or `writeTimeout`, was over: newer values may have been written
   * before it. A database that compares ids has refused the old ones.
   */
  | { readonly type: 'late-write'; readonly keys: readonly string[] }
  /** An entry was given up. `dropped`: of so many of the oldest dead letters nothing is left, to keep to `maxDeadLetters`. */
  | {
      readonly type: 'dead-letter'
      readonly id: string
      readonly key: string
      readonly error: unknown
      readonly dropped: number
    }
  /** Redis, or the cache's, failed what the caller could do without. */
  | { readonly type: 'store-error'; readonly operation: string; readonly key: string; readonly error: unknown }
  /** Redis, or the cache's, does not answer: nothing is written. Reported once, until it has `recovered`. */
  | { readonly type: 'degraded'; readonly reason: unknown }
  /** It answers again, `after` so many milliseconds. */
  | { readonly type: 'recovered'; readonly after: number }

export type WriteBehindEventType = WriteBehindEvent['type']
export type WriteBehindEventOf<Type extends WriteBehindEventType> = Extract<WriteBehindEvent, { type: Type }>
