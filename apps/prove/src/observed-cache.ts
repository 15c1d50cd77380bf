import { AsyncLocalStorage } from 'node:async_hooks'
import type { CacheAside } from '@cache-aside/core'
import { type HistoryLog, type Outcome, sharedNow } from '@cache-aside/testkit'
import { openRecords } from './records.ts'
import type { Shaped } from './shaped.ts'
import { openWindows } from './windows.ts'
import { commandTimeout, loadTimeout, type Workload } from './workload.ts'

export interface ObservedOptions {
  readonly name: string
  readonly workload: Workload
  readonly cacheUrl: string
  /** The engine to run: a module's name or address. */
  readonly engine: string
}

/** A cache whose reports go to the log. */
export class ObservedCache {
  readonly cache: CacheAside
  /** Undefined: its entries are single strings. */
  readonly shaped: Shaped | undefined
  readonly #name: string
  readonly #log: HistoryLog
  /** The writes behind a barrier that are under way, so that what is reported can be told to the one it is about. */
  readonly #writing = new AsyncLocalStorage<{ pending: boolean }>()
  /** The keys that the near cache has answered, of the read that is under way. */
  readonly #reading = new AsyncLocalStorage<Set<string>>()
  readonly #pauses: (() => void)[] = []
  #isPending = false
  #degraded: number | undefined
  /** How many keys were pending when it was closed. */
  lost = 0

  static async open({ name, workload, cacheUrl, engine }: ObservedOptions, log: HistoryLog): Promise<ObservedCache> {
    const { CacheAside: Engine } = (await import(engine)) as typeof import('@cache-aside/core')
    const { leaseTtl, barrierTtl, options, near, shape } = workload
    const own = { namespace: 'prove', redis: cacheUrl, leaseTtl, barrierTtl, loadTimeout, commandTimeout }
    const nearby = near && { near: true, nearLag: near.lag }
    const cache = new Engine({ ...own, ...options, ...nearby })
    const part = (folder: string) => import(new URL(`${folder}/index.ts`, import.meta.resolve(engine)).href)
    const shaped =
      shape?.kind === 'record'
        ? openRecords(cache, await part('record'))
        : shape && openWindows(cache, shape, await part('window'))
    return new ObservedCache(cache, shaped, name, log)
  }

  private constructor(cache: CacheAside, shaped: Shaped | undefined, name: string, log: HistoryLog) {
    this.cache = cache
    this.shaped = shaped
    this.#name = name
    this.#log = log
    cache.events
      .on('hit', ({ key, near }) => near && this.#reading.getStore()?.add(key))
      .on('corrupt', ({ key, reason }) => log.end(log.begin('corrupt', key, { reason })))
      .on('store-error', ({ operation }) => this.#noteFault(`store-error: ${operation}`))
      .on('degraded', () => {
        this.#degraded ??= log.begin('degraded', name)
      })
      .on('recovered', () => {
        if (this.#degraded !== undefined) log.end(this.#degraded)
        this.#degraded = undefined
      })
      .on('invalidate-pending', () => {
        this.#isPending = true
        const write = this.#writing.getStore()
        if (write) write.pending = true
      })
      .on('invalidate-replayed', () => {
        this.#isPending = false
        log.end(log.begin('replay', name))
        for (const goOn of this.#pauses.splice(0)) goOn()
      })
      .on('invalidate-lost', ({ count, overflowed }) => {
        this.lost += count + (overflowed ? 1 : 0)
      })
  }

  /** Something went wrong with its way to Redis. */
  #noteFault(reason: string): void {
    this.#log.end(this.#log.begin('fault', this.#name, { reason }))
  }

  /** Runs a read. Tells, besides, of each key whether the near cache has answered it. */
  async read<T>(
    run: () => Promise<T>,
  ): Promise<{ readonly answer: T; readonly nearOf: (key: string) => Pick<Outcome, 'near'> }> {
    const keys = new Set<string>()
    // The near cache looks at its own lag later than this, and no sooner.
    const near = sharedNow()
    const answer = await this.#reading.run(keys, run)
    return { answer, nearOf: (key) => (keys.has(key) ? { near } : {}) }
  }

  /** Runs a write behind a barrier. Resolves to whether it ended with an invalidation that is pending. */
  async write(run: () => Promise<unknown>): Promise<boolean> {
    const report = { pending: false }
    await this.#writing.run(report, run)
    return report.pending
  }

  /** Resolves when no invalidation is pending. */
  async replayed(): Promise<void> {
    if (this.#isPending) await new Promise<void>((resolve) => this.#pauses.push(resolve))
  }
}
