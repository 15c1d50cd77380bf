import { isMap } from 'node:util/types'
import { endOfTick } from '../time/end-of-tick.ts'
import { type Loader, type Retry, retried, type Turns } from './run-loader.ts'

/** What a batch loader is told. */
export interface BatchContext {
  /** Aborts when `loadTimeout` is over for all the keys it was given. */
  readonly signal: AbortSignal
}

/**
 * The values, by key or in the order of the keys. A key that the Map lacks does not exist, as if its value were `null`;
 * an `Error` in place of a value is the failure of that key alone, and is not cached.
 */
export type BatchResult<T, Key = string> = ReadonlyMap<Key, T | Error> | readonly (T | Error)[]

/** The values that a batch loader brings. A key that a Map lacks has the value `null`. */
export type ValueIn<Result> =
  Result extends ReadonlyMap<unknown, infer Value>
    ? NoError<Value> | null
    : Result extends readonly (infer Value)[]
      ? NoError<Value>
      : never

/** `stack` tells an error from a value that has a name and a message. */
type NoError<Value> = Value extends Error ? ('stack' extends keyof Value ? never : Value) : Value

/**
 * Reads several keys from the source of truth at once: only those that nobody has cached, and that nobody else loads.
 * It must read committed data, and not a lagging replica. When it throws, all the keys it was given have failed.
 *
 * @returns a {@link BatchResult}
 */
export type BatchLoader<Result, Key = string> = (
  keys: readonly Key[],
  context: BatchContext,
) => Result | PromiseLike<Result>

/** Keys in one call of a batch loader: more would keep their leases for too long, and be too many for a database. */
export const largestBatch = 1_000

/** One key of a batch, on the way that every key goes: its read, its lease and its fill are its own. */
export interface BatchMember {
  /** Loads the key, along with the others. */
  readonly load: Loader<unknown>
  /** Its turn comes with that of the batch: one for all of them. */
  readonly turns: Turns
  /** Another loads the key, or there is nothing to load: the batch does not wait for it. */
  stepAside(): void
  /** Steps aside until the first pause of a member is over: then all of them ask again, and the batch waits for them. */
  pause(begin: () => Promise<void>): Promise<void>
}

export interface BatchSurroundings {
  readonly turns: Turns
  readonly retry: Retry | undefined
  readonly retrying: (key: string, attempt: number, error: unknown) => void
}

interface Asked<Key> {
  readonly place: number
  readonly key: string
  readonly given: Key
  readonly signal: AbortSignal
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * One loader for the keys of several reads, after DataLoader (github.com/graphql/dataloader).
 *
 * Invariant: the loader is called only while each member is known to want its turn or has stepped aside. Those that want
 * one later, because whom they waited for brought no value, are gathered by tick into further calls.
 */
export class BatchLoad<Key = string> {
  readonly #load: BatchLoader<BatchResult<unknown, Key>, Key>
  readonly #around: BatchSurroundings
  #members = 0
  #undecided = 0
  #wanting: (() => Promise<void>)[] = []
  #asked: Asked<Key>[] = []
  #settingOff = false
  #pause: { readonly over: Promise<void>; readonly end: () => void } | undefined

  constructor(load: BatchLoader<BatchResult<unknown, Key>, Key>, around: BatchSurroundings) {
    this.#load = load
    this.#around = around
  }

  /** @param given What the loader is given for `key`. */
  member(key: string, given: Key): BatchMember {
    const place = this.#members++
    this.#undecided += 1
    let undecided = true
    const stepAside = () => {
      if (!undecided) return
      undecided = false
      this.#undecided -= 1
      this.#setOff()
    }
    return {
      load: ({ signal }) =>
        new Promise((resolve, reject) => {
          this.#asked.push({ place, key, given, signal, resolve, reject })
        }),
      turns: {
        execute: (takeTurn) =>
          new Promise((resolve, reject) => {
            this.#wanting.push(() => takeTurn().then(resolve, reject))
            stepAside()
            this.#setOff()
          }),
      },
      stepAside,
      pause: async (begin) => {
        stepAside()
        const pause = (this.#pause ??= this.#openPause())
        void begin().then(pause.end)
        await pause.over
        undecided = true
        this.#undecided += 1
      },
    }
  }

  #openPause(): { readonly over: Promise<void>; readonly end: () => void } {
    let end = () => {}
    const over = new Promise<void>((resolve) => {
      end = () => {
        if (this.#pause?.over === over) this.#pause = undefined
        resolve()
      }
    })
    return { over, end }
  }

  #setOff(): void {
    if (this.#wanting.length === 0 || this.#settingOff) return
    this.#settingOff = true
    void endOfTick().then(() => {
      this.#settingOff = false
      if (this.#undecided > 0) return undefined
      const wanting = this.#wanting.splice(0)
      return this.#around.turns.execute(async () => {
        const ends = wanting.map((takeTurn) => takeTurn())
        await endOfTick() // Until all of them have asked, but for those whose time ran out before.
        void this.#answer(this.#asked.splice(0).toSorted((one, other) => one.place - other.place))
        await Promise.all(ends) // A loader that ignores its signal does not keep the turn.
      })
    })
  }

  /** Calls the loader, again if that may help, and hands out what it brings. Never rejects. */
  async #answer(asked: readonly Asked<Key>[]): Promise<void> {
    const { retry, retrying } = this.#around
    const open = new Set(asked)
    let failures = new Map<Asked<Key>, Error>()
    const abort = new AbortController()
    for (const one of asked) {
      one.signal.addEventListener('abort', () => {
        if (open.delete(one) && open.size === 0) abort.abort(one.signal.reason)
      })
    }

    const attempt = async () => {
      if (open.size === 0) return // Their time ran out before it.
      const call = [...open]
      failures = new Map()
      const keys = call.map(({ given }) => given)
      const results = valuesInOrder(await this.#load(keys, { signal: abort.signal }), keys)
      for (const [index, one] of call.entries()) {
        const result = results[index]
        if (!(result instanceof Error)) one.resolve(result)
        else if (retry?.when(result)) failures.set(one, result)
        else one.reject(result)
        if (!failures.has(one)) open.delete(one)
      }
      const [failure] = failures.values()
      if (failure) throw failure
    }
    const again = (count: number, error: unknown) => {
      for (const one of open) retrying(one.key, count, failures.get(one) ?? error)
    }
    try {
      await (retry ? retried(attempt, retry, again, abort.signal) : attempt())
    } catch (error) {
      for (const one of open) one.reject(failures.get(one) ?? error)
    }
  }
}

/** What a batch loader has brought, in the order of its keys. @throws {TypeError} if it does not say which value is whose. */
export function valuesInOrder<T, Key>(
  result: BatchResult<T, Key>,
  keys: readonly Key[],
): readonly (T | Error | null)[] {
  if (isMap(result)) {
    const asked = new Set(keys)
    for (const key of result.keys()) {
      if (asked.has(key)) continue
      throw new TypeError(
        `loadMany: a Map with the key ${shownKey(key)}, which it was not given (expected keys such as ${shownKey(keys[0])})`,
      )
    }
    return keys.map((key) => (result.has(key) ? (result.get(key) as T) : null))
  }
  if (Array.isArray(result) && result.length === keys.length) return result
  throw new TypeError(
    `loadMany: ${shownResult(result)} for ${keys.length} keys (expected a Map by key, or an array of values in the order of the keys)`,
  )
}

function shownResult(result: unknown): string {
  if (Array.isArray(result)) return `an array of ${result.length}`
  if (result === null || result === undefined) return String(result)
  return typeof result === 'object' ? 'an object' : `a ${typeof result}`
}

function shownKey(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.slice(0, 80))
  return key !== null && typeof key === 'object' ? 'an object' : `${typeof key} ${String(key)}`
}
