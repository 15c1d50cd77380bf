import { createHistogram } from 'node:perf_hooks'
import type { Ending } from './callers.ts'

/** What readers saw. Latencies in milliseconds, of every read, however it ended. */
export interface Figures {
  readonly reads: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly loads: number
  /** Reads that threw. */
  readonly errors: number
  /** Reads that had not ended when their caller gave up. */
  readonly hung: number
  /** Rejections and exceptions that nobody handled: by default each ends the process. */
  readonly unhandled: number
}

/** Counts what happens in a span of time. */
export class Meter {
  // In nanoseconds: it holds whole numbers only.
  readonly #latencies = createHistogram()
  readonly #reads: Record<Ending<unknown>['kind'], number> = { answered: 0, failed: 0, hung: 0 }
  #loads = 0
  #unhandled = 0

  read(latency: number, how: Ending<unknown>['kind']): void {
    this.#latencies.record(Math.max(1, Math.round(latency * 1e6)))
    this.#reads[how] += 1
  }

  load(): void {
    this.#loads += 1
  }

  unhandled(): void {
    this.#unhandled += 1
  }

  figures(): Figures {
    const { answered, failed, hung } = this.#reads
    const reads = answered + failed + hung
    const percentile = (percent: number) => (reads === 0 ? 0 : this.#latencies.percentile(percent) / 1e6)
    return {
      reads,
      p50: percentile(50),
      p99: percentile(99),
      max: percentile(100),
      loads: this.#loads,
      errors: failed,
      hung,
      unhandled: this.#unhandled,
    }
  }
}
