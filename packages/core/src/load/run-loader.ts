import { LoadTimeoutError } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import { type Duration, parseDuration } from '../time/duration.ts'

/** What a loader is told, and what it may say about the value it is about to return. */
export interface LoadContext {
  /** The key as the caller gave it, without namespace. */
  readonly key: string
  /** Aborts when `loadTimeout` is over. Give it to fetch, to the driver of the database, to whatever takes one. */
  readonly signal: AbortSignal
  /**
   * Sets the TTL of this value, above every other setting and for a `null` too.
   * @throws {InvalidOptionsError} if it is not a duration.
   */
  setTtl(ttl: Duration): void
  /** The value goes to the callers that wait for it, as it is, and is not cached. */
  decline(): void
}

/**
 * Reads the source of truth. It must read committed data, and not a lagging replica. `null` means "does not exist"
 * and is cached for `negativeTtl`; `undefined` is refused.
 */
export type Loader<T> = (context: LoadContext) => T | PromiseLike<T>

export type Loaded =
  | {
      readonly kind: 'loaded'
      readonly value: unknown
      readonly declined: boolean
      readonly ttl: number | undefined
      readonly duration: number
    }
  /** `cause` is what the loader threw, as it was thrown, or a LoadTimeoutError. */
  | { readonly kind: 'failed'; readonly cause: unknown; readonly duration: number }

/** Runs a loader once, for at most `timeout` milliseconds. Never rejects. */
export function runLoader(load: Loader<unknown>, key: string, timeout: number, clock: Clock): Promise<Loaded> {
  const began = clock.now()
  const duration = () => clock.now() - began
  const abort = new AbortController()
  let ttl: number | undefined
  let declined = false

  return new Promise((resolve) => {
    const fail = (cause: unknown) => resolve({ kind: 'failed', cause, duration: duration() })
    const cancel = clock.after(timeout, () => {
      const error = new LoadTimeoutError(key, timeout)
      fail(error)
      abort.abort(error)
    })
    const context: LoadContext = {
      key,
      signal: abort.signal,
      setTtl: (given) => {
        ttl = parseDuration(given, 'setTtl')
      },
      decline: () => {
        declined = true
      },
    }
    // A loader may throw before it returns a promise.
    Promise.resolve()
      .then(() => load(context))
      .then((value) => resolve({ kind: 'loaded', value, declined, ttl, duration: duration() }), fail)
      .finally(cancel)
  })
}
