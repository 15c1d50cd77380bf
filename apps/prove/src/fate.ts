import type { HistoryLog } from '@cache-aside/testkit'
import type { Death } from './place.ts'
import type { Random } from './random.ts'

/** Where a worker ends, or stands still, by its own hand, once it is told to. */
export class Fate {
  readonly #name: string
  readonly #log: HistoryLog
  #death: Death | undefined
  #stop: 'before' | 'during' | 'after' | undefined

  constructor(name: string, log: HistoryLog) {
    this.#name = name
    this.#log = log
  }

  /** It is to end by SIGKILL, at the next such moment. */
  end(death: Death): void {
    this.#death = death
  }

  /** It is to stand still in the next write behind a barrier: before, in or after its commit. */
  pause(random: Random): void {
    this.#stop = random.pick(['before', 'during', 'after'])
  }

  dieIf(here: Death): void {
    if (this.#death !== here) return
    this.#log.end(this.#log.begin('fault', this.#name, { reason: here }))
    process.kill(process.pid, 'SIGKILL')
  }

  async stopIf(here: 'before' | 'during' | 'after'): Promise<void> {
    if (this.#stop !== here) return
    this.#stop = undefined
    await new Promise((resolve) => process.send?.({ done: 'stop' }, undefined, undefined, resolve))
    process.kill(process.pid, 'SIGSTOP')
  }
}
