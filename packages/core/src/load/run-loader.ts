import { ExponentialBackoff, handleWhen, retry } from 'cockatiel'
import type { SeenValue } from '../entry/entry.ts'
import { InvalidOptionsError, LoadTimeoutError } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import { type Duration, parseDuration } from '../time/duration.ts'

/** What a loader is told, and what it may say about the value it is about to return. */
export interface LoadContext {
  /** The key as the caller gave it, without namespace. */
  readonly key: string
  /** Aborts when `loadTimeout` is over. Give it to fetch, to the driver of the database, to whatever takes one. */
  readonly signal: AbortSignal
  /** The value that is being refreshed, if there is one, and the etag that was set with it. */
  readonly stale: { readonly value: unknown; readonly etag: string | undefined } | undefined
  /**
   * Sets the TTL of this value, above every other setting and for a `null` too.
   * @throws {InvalidOptionsError} if it is not a duration.
   */
  setTtl(ttl: Duration): void
  /**
   * Sets a text that the next load of this key is given, to ask the source whether anything has changed.
   * @throws {InvalidOptionsError} if it is not well-formed text of at most 1024 characters.
   */
  setEtag(etag: string): void
  /**
   * The stale value is still what the source of truth holds: it is fresh again, and not written anew. Return what it
   * returns; the rest of the loader has nothing to say.
   * @throws {TypeError} without a stale value.
   */
  notModified(): never
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
      readonly etag: string | undefined
      readonly duration: number
    }
  | {
      readonly kind: 'not-modified'
      readonly stale: SeenValue
      readonly ttl: number | undefined
      readonly duration: number
    }
  /** `cause` is what the loader threw, as it was thrown, or a LoadTimeoutError. */
  | { readonly kind: 'failed'; readonly cause: unknown; readonly duration: number }

export interface Retry {
  /** Tells whether an error is worth another try. */
  readonly when: (error: unknown) => boolean
  /** How often, besides the first try. */
  readonly attempts: number
  /** Before the second try, in milliseconds; longer each time, and jittered. */
  readonly delay: number
}

/** Lets a load begin when its turn has come; the turn is over when the load is. */
export interface Turns {
  execute(load: () => Promise<void>): Promise<void>
}

export interface LoaderRun {
  readonly key: string
  readonly load: Loader<unknown>
  readonly stale: SeenValue | undefined
  /** Milliseconds, for waiting its turn, trying and trying again. */
  readonly timeout: number
  readonly retry: Retry | undefined
  readonly turns: Turns
  readonly retrying: (attempt: number, error: unknown) => void
  /** Its turn has come: the loader is invoked next. */
  readonly begins: () => void
}

/** Runs a loader once its turn has come, for at most `timeout` milliseconds. Never rejects. */
export function runLoader(run: LoaderRun, clock: Clock): Promise<Loaded> {
  const { key, load, timeout } = run
  let began = clock.now()
  const duration = () => clock.now() - began
  const abort = new AbortController()

  return new Promise((resolve) => {
    let over = () => {}
    const isOver = new Promise<void>((end) => {
      over = end
    })
    const end = (loaded: Loaded) => {
      cancel()
      over()
      resolve(loaded)
    }
    const fail = (cause: unknown) => end({ kind: 'failed', cause, duration: duration() })
    const cancel = clock.after(timeout, () => {
      const error = new LoadTimeoutError(key, timeout)
      fail(error)
      abort.abort(error)
    })
    const attempt = async (): Promise<Loaded> => {
      const said = new Said(key, abort.signal, run.stale)
      const value = await load(said.context)
      return said.loaded(value, duration())
    }
    const takeTurn = async () => {
      if (abort.signal.aborted) return // Its time ran out before its turn came.
      run.begins()
      began = clock.now()
      const loaded = run.retry ? retried(attempt, run.retry, run.retrying, abort.signal) : attempt()
      loaded.then(end, fail)
      await isOver // A loader that ignores its signal does not keep its turn.
    }
    run.turns.execute(takeTurn).catch(fail)
  })
}

export function retried<T>(
  attempt: () => Promise<T>,
  { when, attempts, delay }: Retry,
  retrying: LoaderRun['retrying'],
  signal: AbortSignal,
): Promise<T> {
  const policy = retry(handleWhen(when), {
    maxAttempts: attempts,
    backoff: new ExponentialBackoff({ initialDelay: delay }),
  })
  policy.onRetry((failure) => retrying(failure.attempt, 'error' in failure ? failure.error : undefined))
  return policy.execute(attempt, signal)
}

const longestEtag = 1_024

function checkEtag(etag: string): string {
  if (typeof etag === 'string' && etag.length <= longestEtag && !/\p{Surrogate}/u.test(etag)) return etag
  const expected = `well-formed text of at most ${longestEtag} characters, such as '"v1"'`
  const got = typeof etag === 'string' ? `text of ${etag.length} characters` : typeof etag
  throw new InvalidOptionsError([{ option: 'setEtag', expected, got }])
}

/** What a loader has said about the value it is about to return. */
class Said {
  readonly context: LoadContext
  #ttl: number | undefined
  #etag: string | undefined
  #declined = false
  #notModified: SeenValue | undefined

  constructor(key: string, signal: AbortSignal, stale: SeenValue | undefined) {
    this.context = {
      key,
      signal,
      stale: stale && { value: stale.value, etag: stale.etag },
      setTtl: (ttl) => {
        this.#ttl = parseDuration(ttl, 'setTtl')
      },
      setEtag: (etag) => {
        this.#etag = checkEtag(etag)
      },
      notModified: () => {
        if (!stale)
          throw new TypeError(`load "${key}": notModified() without a stale value (context.stale is undefined)`)
        this.#notModified = stale
        // Nobody looks at it: the loader's return type is that of its other branches.
        return stale.value as never
      },
      decline: () => {
        this.#declined = true
      },
    }
  }

  loaded(value: unknown, duration: number): Loaded {
    if (this.#notModified && !this.#declined)
      return { kind: 'not-modified', stale: this.#notModified, ttl: this.#ttl, duration }
    return { kind: 'loaded', value, declined: this.#declined, ttl: this.#ttl, etag: this.#etag, duration }
  }
}
