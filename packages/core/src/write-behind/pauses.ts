import type { Clock } from '../time/clock.ts'

/** Waits that can be cut short, all at once. */
export class Pauses {
  readonly #clock: Clock
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves after `delay` milliseconds, when `other` resolves, or when the pauses are ended. */
  wait(delay: number, other?: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.#waiting.delete(end)
        resolve()
      }
      const cancel = this.#clock.after(delay, end)
      this.#waiting.add(end)
      void other?.then(end)
    })
  }

  end(): void {
    for (const end of this.#waiting) end()
  }
}
