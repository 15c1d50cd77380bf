import type { Lookup } from '../cache/read-through.ts'
import type { WriteOptions } from '../cache/settings.ts'
import { encodeValue } from '../entry/codec.ts'
import { CacheError, StoreError } from '../errors.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import { Arrivals } from './arrivals.ts'
import { Consumer } from './consumer.ts'
import { type DeadLetter, DeadLetters } from './dead-letters.ts'
import { BackPressureError } from './errors.ts'
import { Link } from './link.ts'
import { type ResolvedWriteBehind, resolveWriteBehind, type WriteBatch, type WriteBehindOptions } from './options.ts'
import { Pauses } from './pauses.ts'
import { type WriteBehindCounts, type WriteBehindEvents, WriteBehindReporter } from './reporter.ts'
import { Stream } from './stream.ts'
import { type StreamKeys, streamKeys } from './stream-keys.ts'

export interface WriteBehindStats extends WriteBehindCounts {
  /** Whether it is this process's turn to write. */
  readonly active: boolean
  /** How many entries wait to be written, in Redis; null if it does not answer. */
  readonly pending: number | null
  /** How many dead letters there are, in Redis; null if it does not answer. */
  readonly deadLetters: number | null
}

/** The longest that the blocking connection waits for entries, and some time for the answer. In milliseconds. */
const blockingTimeout = 2_000
/** How often `close` looks whether all is written, in milliseconds. */
const drainInterval = 50

/**
 * Writes to the database later, in batches: `put` is done when Redis has the value, in a stream, and in the cache.
 *
 * What `put` has accepted is written at least once, or is a dead letter, unless a newer value of its key was written, or
 * Redis lost its data. In the processes that were started one at a time writes, so that the values of a key are
 * written in the order in which they were put.
 *
 * @example
 * const stock = new WriteBehind<Stock>({ name: 'stock', cache, redis: 'redis://localhost:6379', write })
 * stock.start()
 * await stock.put('stock:p-001', { left: 4 })
 *
 * @see docs/write-behind.md for what is lost when.
 */
export class WriteBehind<T> {
  readonly #options: ResolvedWriteBehind<T>
  readonly #clock: Clock
  readonly #reporter: WriteBehindReporter
  readonly #keys: StreamKeys
  readonly #link: Link
  readonly #stream: Stream
  readonly #dead: DeadLetters
  #consumer: Consumer | undefined
  #blocking: Link | undefined
  #closing: Promise<{ readonly left: number | null }> | undefined

  /**
   * Opens no connection; the first call does.
   *
   * @param clock For tests that decide what happens first.
   * @throws {InvalidOptionsError} which names every option that is wrong and shows a right value.
   */
  constructor(options: WriteBehindOptions<T>, clock: Clock = systemClock) {
    this.#options = resolveWriteBehind(options)
    const { cache, name, redis, codec, settings } = this.#options
    this.#clock = clock
    this.#reporter = new WriteBehindReporter(clock)
    this.#keys = streamKeys(cache.namespace, name)
    this.#link = new Link(redis, this.#keys.stream, settings.commandTimeout, clock)
    this.#stream = new Stream(this.#link, this.#keys, codec)
    this.#dead = new DeadLetters(this.#link, this.#keys, codec)
  }

  get events(): WriteBehindEvents {
    return this.#reporter.events
  }

  /**
   * Accepts a value to be written, and puts it in the cache: unless another `put` or write of the key overlaps, since
   * then nobody can tell here which of them came last.
   *
   * @returns the id with which `write` will be given it.
   * @throws {BackPressureError} when `maxPending` entries wait: nothing was accepted.
   * @throws {StoreError} if Redis did not acknowledge it. It may have been accepted all the same; safe to repeat.
   * @throws {UncacheableValueError} for a value that the codec refuses.
   * @throws {CacheError} with code `CLOSED`. {@link InvalidKeyError} {@link InvalidOptionsError}
   */
  async put(key: string, value: T, options?: WriteOptions): Promise<string> {
    const { cache, codec, settings } = this.#options
    this.#refuseWhenClosed('put')
    const payload = encodeValue(codec, key, value)
    let sent = false
    let id: string | undefined
    const enqueue = async () => {
      sent = true
      const reply = await this.#stream.enqueue(key, payload, settings.maxPending)
      if ('full' in reply) {
        this.#reporter.count('refused')
        throw this.#backPressure(`put "${key}"`, reply.full)
      }
      id = reply.id
      return value
    }

    try {
      await cache.writeThrough(key, enqueue, options)
    } catch (error) {
      // A caller that tries again and again would keep the client from reconnecting.
      await new Promise(setImmediate)
      if (id === undefined) throw notAccepted(key, error, sent)
      // It is accepted. What is cached goes, at the latest, when it is written.
      this.#reporter.report({ type: 'store-error', operation: 'put', key, error })
    }
    this.#reporter.count('put')
    return id as string
  }

  /**
   * The newest value of `key` that is not written yet: what a loader has to ask for before it reads the database, or
   * it may load a row that is older than a `put`. Redis away is "not found", with a `store-error` event.
   *
   * @example
   * const left = await cache.getOrLoad('stock:p-001', async () => {
   *   const pending = await stock.pending('stock:p-001')
   *   return pending.found ? pending.value : database.stock('p-001')
   * })
   */
  async pending(key: string): Promise<Lookup<T>> {
    try {
      const found = await this.#stream.pending(key)
      if (found) return { found: true, value: found.value as T }
    } catch (error) {
      this.#reporter.report({ type: 'store-error', operation: 'pending', key, error })
    }
    return { found: false, value: undefined }
  }

  /**
   * Lets this process write, when it is its turn: one at a time does, the others stand by. Redis may be away.
   *
   * @throws {CacheError} with code `CLOSED`.
   */
  start(): void {
    this.#refuseWhenClosed('start')
    if (this.#consumer) return
    const { cache, redis, settings, write } = this.#options
    this.#blocking = new Link(redis, this.#keys.stream, blockingTimeout, this.#clock)
    this.#consumer = new Consumer({
      cache,
      settings,
      write: write as WriteBatch<unknown>,
      stream: this.#stream,
      dead: this.#dead,
      arrivals: new Arrivals(this.#blocking, this.#keys.stream),
      clock: this.#clock,
      reporter: this.#reporter,
      link: this.#link,
      leaseKey: this.#keys.lease,
    })
  }

  /**
   * What could not be written, oldest first. A value is undefined where it cannot be read.
   *
   * @throws {StoreError}
   */
  async *deadLetters(): AsyncGenerator<DeadLetter<T>, void, undefined> {
    try {
      yield* this.#dead.list() as AsyncGenerator<DeadLetter<T>, void, undefined>
    } catch (error) {
      throw new StoreError('deadLetters', [this.#options.name], error)
    }
  }

  /**
   * Puts a dead letter back, to be written after all, with the id of its put: a database that compares ids refuses it
   * if a newer value of its key was written since. Any other is set back to it.
   *
   * @returns false if there is no such dead letter.
   * @throws {BackPressureError} {@link StoreError} {@link CacheError} with code `CLOSED`.
   */
  async redrive(id: string): Promise<boolean> {
    this.#refuseWhenClosed('redrive')
    if (!/^\d+-\d+$/.test(id)) return false
    const reply = await this.#dead.redrive(id, this.#options.settings.maxPending).catch((error: unknown) => {
      throw new StoreError('redrive', [id], error)
    })
    if (reply && 'full' in reply) throw this.#backPressure(`redrive "${id}"`, reply.full)
    return reply !== undefined
  }

  /** What this process has counted, and what Redis has. */
  async stats(): Promise<WriteBehindStats> {
    const [pending, deadLetters] = await Promise.all(
      [this.#stream, this.#dead].map((counted) => counted.length().catch(() => null)),
    )
    return {
      ...this.#reporter.counts,
      active: this.#consumer?.isActive === true,
      pending: pending ?? null,
      deadLetters: deadLetters ?? null,
    }
  }

  /**
   * Accepts nothing any more. In a process that was started, waits until what was accepted before is written, by
   * whosever turn it is, or `drainTimeout` is over; then closes the connections.
   *
   * @returns how many entries are left in the stream, for the next process; null if Redis does not say.
   */
  close(): Promise<{ readonly left: number | null }> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<{ readonly left: number | null }> {
    const consumer = this.#consumer
    if (consumer) {
      consumer.hurry()
      await this.#drained(this.#clock.now() + this.#options.settings.drainTimeout)
      await consumer.stop()
    }
    const left = await this.#stream.length().catch(() => null)
    await Promise.all([this.#link.close(true), this.#blocking?.close(false)])
    return { left }
  }

  /** Resolves when what was in the stream at the time of the call is written, or the time is over. */
  async #drained(deadline: number): Promise<void> {
    const pauses = new Pauses(this.#clock)
    let last: string | undefined
    for (let asked = false; this.#clock.now() < deadline; await pauses.wait(drainInterval)) {
      try {
        if (!asked) last = await this.#stream.end('newest')
        asked = true
        const oldest = await this.#stream.end('oldest')
        if (oldest === undefined || last === undefined || oldest > last) return
      } catch {
        // Redis may be back before the time is over.
      }
    }
  }

  #backPressure(operation: string, waiting: number): BackPressureError {
    return new BackPressureError(operation, this.#options.name, waiting)
  }

  #refuseWhenClosed(operation: string): void {
    if (this.#closing) throw new CacheError('CLOSED', `${operation}: write-behind "${this.#options.name}" is closed`)
  }
}

function notAccepted(key: string, error: unknown, sent: boolean): unknown {
  if (sent) {
    if (error instanceof CacheError) return error
    return new StoreError('put', [key], error, 'not acknowledged, but it may be written; safe to repeat')
  }
  if (!(error instanceof StoreError)) return error
  return new StoreError('put', [key], error.cause, 'nothing was accepted, safe to repeat')
}
