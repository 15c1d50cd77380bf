import type { Clock } from '../src/time/clock.ts'

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #now = 0
  #timers: { readonly due: number; readonly run: () => void }[] = []
  /** Wall time − monotonic time. */
  shift = 1_700_000_000_000

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#now + this.shift
  }

  after(delay: number, run: () => void): () => void {
    const timer = { due: this.#now + delay, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.length
  }

  /** Until the next timer is due. */
  get nextDelay(): number {
    return Math.min(...this.#timers.map(({ due }) => due)) - this.#now
  }

  /** What becomes due in the meantime runs late: the event loop was blocked. */
  block(milliseconds: number): void {
    this.#now += milliseconds
    this.pass(0)
  }

  /** Runs every timer that becomes due, in order. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const [next] = this.#timers.filter(({ due }) => due <= end).toSorted((one, other) => one.due - other.due)
      if (!next) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.due)
      next.run()
    }
    this.#now = end
  }
}
