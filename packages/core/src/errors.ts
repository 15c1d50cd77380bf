/** Every code an error of this package can carry. A code never changes its meaning. */
export type CacheErrorCode =
  | 'INVALID_OPTIONS'
  | 'INVALID_KEY'
  | 'UNCACHEABLE'
  | 'LOAD_TIMEOUT'
  | 'STORE'
  | 'CONNECTION'
  | 'CLOSED'
  | 'PROTOCOL'
  | 'BACK_PRESSURE'
  | 'EMBEDDER'

/** Root of the errors this package creates. What a loader throws reaches its caller as it was thrown. */
export class CacheError extends Error {
  readonly isCacheError = true
  readonly code: CacheErrorCode

  constructor(code: CacheErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Tells an error of this package from any other, across two installed copies of it too. */
export function isCacheError(error: unknown): error is CacheError {
  return error instanceof Error && (error as Partial<CacheError>).isCacheError === true
}

/** One thing wrong with the options of a cache or of a call. */
export interface OptionProblem {
  readonly option: string
  /** What would be right, with an example. */
  readonly expected: string
  /** What was given, as text; never the content of a URL or a secret. */
  readonly got: string
}

/** Options that cannot be used; every problem is listed, not only the first. */
export class InvalidOptionsError extends CacheError {
  readonly problems: readonly OptionProblem[]

  constructor(problems: readonly OptionProblem[]) {
    const list = problems.map(({ option, expected, got }) => `option "${option}": expected ${expected}, got ${got}`)
    super('INVALID_OPTIONS', list.join('; '))
    this.problems = problems
  }
}

/** A key or a tag that cannot be used. Build them from input with `cacheKey`, which escapes it. */
export class InvalidKeyError extends CacheError {
  constructor(reason: string) {
    super('INVALID_KEY', reason)
  }
}

/** A value the codec refuses, because it would come back as something else. Thrown on the first load, not on a later hit. */
export class UncacheableValueError extends CacheError {
  readonly key: string

  constructor(key: string, reason: string, options?: ErrorOptions) {
    super('UNCACHEABLE', `store "${key}": ${reason}`, options)
    this.key = key
  }
}

/** A loader that gave no value within `loadTimeout`. Its signal was aborted; what it still returns is dropped. */
export class LoadTimeoutError extends CacheError {
  readonly key: string
  /** The time it had, in milliseconds. */
  readonly timeout: number

  constructor(key: string, timeout: number) {
    super(
      'LOAD_TIMEOUT',
      `load "${key}": no value after ${timeout} ms (its signal was aborted; see option "loadTimeout")`,
    )
    this.key = key
    this.timeout = timeout
  }
}

/**
 * The store did not acknowledge an operation; `cause` says why.
 *
 * After a failed `invalidate`, `expire` or `set` the old value may be served until its TTL ends: call it again, that is
 * safe. After a failed `mutate` or `writeThrough` the message says whether the write was made.
 */
export class StoreError extends CacheError {
  readonly operation: string
  /** Or tags, or none of a `clear`. */
  readonly keys: readonly string[]

  /** @param next What holds now, and what to do. */
  constructor(operation: string, keys: readonly string[], cause: unknown, next = 'not acknowledged, safe to repeat') {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const named = keys.length > 3 ? [...keys.slice(0, 3), `… ${keys.length} in all`] : keys
    const what = [operation, named.map((key) => JSON.stringify(key)).join(', ')].filter(Boolean).join(' ')
    super('STORE', `${what}: ${reason} (${next})`, { cause })
    this.operation = operation
    this.keys = keys
  }
}

/** No server answered where the option `redis` points to. */
export class ConnectionError extends CacheError {
  constructor(address: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      'CONNECTION',
      `option "redis": no Redis answered at ${address}: ${reason} (expected a server that can be reached, such as 'redis://localhost:6379')`,
      { cause },
    )
  }
}

/** The cache was closed before this call. */
export class CacheClosedError extends CacheError {
  constructor(operation: string) {
    super('CLOSED', `${operation}: the cache is closed`)
  }
}
