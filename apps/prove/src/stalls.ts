import { setInterval } from 'node:timers/promises'
import { sharedNow } from '@cache-aside/testkit'

/** Notices when this process has stood still: it could not extend its leases then, nor mind its own time limits. */
export class Stalls {
  readonly #report: (since: number) => void
  #alive = sharedNow()
  #latest = Number.NEGATIVE_INFINITY

  constructor(report: (since: number) => void) {
    this.#report = report
  }

  /** Whether it has stood still after a moment. */
  since(moment: number): boolean {
    return this.#latest > moment || sharedNow() - this.#alive > 60
  }

  async watch(): Promise<void> {
    for await (const _ of setInterval(20)) {
      const now = sharedNow()
      if (now - this.#alive > 60) {
        this.#report(this.#alive)
        this.#latest = now
      }
      this.#alive = now
    }
  }
}
