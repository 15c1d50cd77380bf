import type { Clock } from '../time/clock.ts'

/** Between two questions, in milliseconds. */
const interval = 60_000

/** A round trip that took longer, in milliseconds, says less than the clock of this process. */
const longestTrip = 500

/** The two clocks of this process may drift apart by so many milliseconds before Redis is asked again. */
const largestShift = 1_000

/**
 * An estimate of the server's clock, which says until when a value is fresh.
 *
 * Wrong by at most half of the round trip of the last question, and in a cluster by what the clocks of its nodes differ.
 * Before the first answer it is the clock of this process. It can step back when an answer comes.
 */
export class ServerClock {
  readonly #clock: Clock
  /** Server time − monotonic time. */
  #offset: number | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  /** Wall time − monotonic time, when it was asked: while a machine sleeps, monotonic clocks stand still. */
  #shift = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#offset === undefined ? this.#clock.wall() : this.#clock.now() + this.#offset
  }

  /** Asks, unless that was done within the last minute. `ask` resolves with a reply to TIME; what it rejects with is dropped. */
  measure(ask: () => Promise<unknown>): void {
    const sentAt = this.#clock.now()
    const shift = this.#clock.wall() - sentAt
    if (sentAt - this.#askedAt < interval && Math.abs(shift - this.#shift) < largestShift) return
    this.#askedAt = sentAt
    this.#shift = shift
    ask().then(
      (reply) => this.#learn(reply, sentAt),
      () => {}, // The estimate of before is still the best.
    )
  }

  /** Another server may answer from now on, with another clock: the next `measure` asks. */
  forget(): void {
    this.#askedAt = Number.NEGATIVE_INFINITY
  }

  #learn(reply: unknown, sentAt: number): void {
    const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : []
    const server = Number(seconds) * 1_000 + Number(microseconds) / 1_000
    const trip = this.#clock.now() - sentAt
    if (Number.isFinite(server) && trip <= longestTrip) this.#offset = server - sentAt - trip / 2
  }
}
