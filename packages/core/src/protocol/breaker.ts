import type { Clock } from '../time/clock.ts'

/** Between a probe that was refused and the next one, in milliseconds. */
const pause = 200

export interface BreakerSettings {
  /** The longest that a caller waits, in milliseconds. */
  readonly limit: number
  readonly clock: Clock
  /** Sends a probe; undefined where there is no connection to send it over. `key`: that of the command that was not answered. */
  readonly ask: (key: string | undefined) => Promise<unknown> | undefined
  readonly opened: (reason: unknown) => void
  readonly closed: () => void
}

interface Waiting {
  readonly due: number
  readonly key: string | undefined
  readonly refuse: (reason: Error) => void
}

interface Outage {
  readonly reason: unknown
  readonly key: string | undefined
  /** The probe whose answer counts: one that was sent over a connection that is gone does not. */
  probe: symbol | undefined
}

/**
 * A circuit breaker: the first command that is not answered in time opens it, for all that wait and all that follow, and
 * the answer to a probe closes it. It probes by itself: no caller pays for the question.
 *
 * Invariant: while the event loop runs nobody waits longer than `limit`, and while it is open nothing is sent but one
 * probe at a time.
 */
export class Breaker {
  readonly #settings: BreakerSettings
  /** In the order of their deadlines. */
  readonly #waiting = new Set<Waiting>()
  #watching = false
  #outage: Outage | undefined
  #stopped = false

  constructor(settings: BreakerSettings) {
    this.#settings = settings
  }

  get isOpen(): boolean {
    return this.#outage !== undefined
  }

  /** Rejects at once while the breaker is open, and otherwise when the answer does not come in time, for whomever. */
  run<T>(command: () => Promise<T>, key?: string): Promise<T> {
    if (this.#outage) return Promise.reject(refusal(this.#outage.reason))
    const { clock, limit } = this.#settings
    return new Promise((resolve, reject) => {
      const answer = command()
      const waiting: Waiting = { due: clock.now() + limit, key, refuse: reject }
      this.#waiting.add(waiting)
      if (!this.#watching) this.#watch()
      answer.then(
        (value) => {
          this.#waiting.delete(waiting)
          resolve(value)
        },
        (error: unknown) => {
          this.#waiting.delete(waiting)
          reject(error)
        },
      )
    })
  }

  /** Refuses what comes from now on. What is under way may still be answered: a client can send it again. */
  open(reason: unknown, key?: string): void {
    if (this.#outage) return
    this.#outage = { reason, key, probe: undefined }
    if (!this.#stopped) this.#settings.opened(reason)
    this.probe()
  }

  /** Asks at once, over the connection of now: an answer to an earlier probe does not count any more. */
  probe(): void {
    const outage = this.#outage
    if (!outage || this.#stopped) return
    outage.probe = undefined
    const { ask, clock } = this.#settings
    const answer = ask(outage.key)
    if (!answer) return

    const probe = Symbol('probe')
    outage.probe = probe
    const isCurrent = () => this.#outage === outage && outage.probe === probe
    answer.then(
      () => isCurrent() && this.close(),
      (error: unknown) => {
        if (!isCurrent()) return
        // No permission to ask is an answer; other errors say "not now", such as LOADING or CLUSTERDOWN.
        if (error instanceof Error && error.message.startsWith('NOPERM')) return this.close()
        clock.after(pause, () => isCurrent() && this.probe())
      },
    )
  }

  /** What is answered to the probe under way does not count: its connection is being given up. */
  forgetProbe(): void {
    if (this.#outage) this.#outage.probe = undefined
  }

  /** The server has answered. */
  close(): void {
    if (!this.#outage) return
    this.#outage = undefined
    if (!this.#stopped) this.#settings.closed()
  }

  /** Probes no more, and tells nothing. What is under way keeps its deadline. */
  stop(): void {
    this.#stopped = true
  }

  /** One timer for all: it is the oldest that runs out of time first. */
  #watch(): void {
    const [oldest] = this.#waiting
    this.#watching = oldest !== undefined
    if (!oldest) return
    const { clock } = this.#settings
    const at = Math.max(oldest.due, clock.now())
    clock.after(at - clock.now(), () => this.#look(at))
  }

  /** @param at when it was meant to look: what it is late by, the event loop has taken. */
  #look(at: number): void {
    const { clock, limit } = this.#settings
    const [oldest] = this.#waiting
    const late = clock.now() - at
    if (!oldest || oldest.due > at + late) return this.#watch()
    // A blocked event loop neither sends nor reads: its time is given back, once, and then what has arrived is read first.
    clock.after(Math.min(late, limit), () =>
      setImmediate(() => {
        if (this.#waiting.has(oldest)) this.#missed(oldest)
        this.#watch()
      }),
    )
  }

  #missed(oldest: Waiting): void {
    const reason = new Error(`no answer from Redis within ${this.#settings.limit} ms`)
    const refused = [...this.#waiting]
    this.#waiting.clear()
    this.open(reason, oldest.key)
    for (const { refuse } of refused) refuse(reason)
  }
}

function refusal(reason: unknown): Error {
  const why = reason instanceof Error ? reason.message : String(reason)
  return new Error(`Redis does not answer (probing): ${why}`, { cause: reason })
}
