import { createHistogram } from 'node:perf_hooks'
import type { CacheEvent } from '../events.ts'

/** What a cache has counted in this process since it was made. */
export interface CacheStats {
  readonly hits: number
  /** Hits without a command: those of the near cache. */
  readonly nearHits: number
  /** What the near cache holds now. */
  readonly nearEntries: number
  readonly nearBytes: number
  readonly misses: number
  /** Hits over reads; 0 before the first read. */
  readonly hitRatio: number
  /** Values served that were not fresh. */
  readonly stale: number
  /** Loads behind a value that was served. */
  readonly refreshes: number
  readonly loads: number
  readonly loadErrors: number
  /** Misses that did not load, because another caller did: in this process or in another. */
  readonly stampedesSuppressed: number
  readonly fillsRejected: number
  /** Keys invalidated. */
  readonly invalidations: number
  /** Records and windows that were changed in place. */
  readonly updates: number
  /** Tags invalidated. */
  readonly tagInvalidations: number
  readonly invalidationErrors: number
  /** Keys and tags voided late, and those never voided because the cache was closed before. */
  readonly invalidationsReplayed: number
  readonly invalidationsLost: number
  readonly storeErrors: number
  readonly corrupt: number
  /** Of loads that gave a value, in milliseconds; zeros before the first. */
  readonly loadLatency: {
    readonly count: number
    readonly mean: number
    readonly p50: number
    readonly p99: number
    readonly max: number
  }
}

/** Counts events; the only place where an event becomes a number. */
export class StatsCounter {
  #hits = 0
  #nearHits = 0
  #misses = 0
  #stale = 0
  #refreshes = 0
  #loadErrors = 0
  #suppressed = 0
  #fillsRejected = 0
  #invalidations = 0
  #updates = 0
  #tagInvalidations = 0
  #invalidationErrors = 0
  #invalidationsReplayed = 0
  #invalidationsLost = 0
  #storeErrors = 0
  #corrupt = 0
  /** In microseconds: a histogram holds whole numbers from 1. */
  readonly #latency = createHistogram()

  hit(near: boolean): void {
    this.#hits++
    if (near) this.#nearHits++
  }

  count(event: CacheEvent): void {
    switch (event.type) {
      case 'hit':
        return this.hit(event.near)
      case 'miss':
        this.#misses++
        return
      case 'stale':
        this.#stale++
        return
      case 'refresh':
        this.#refreshes++
        return
      case 'load':
        this.#latency.record(Math.max(1, Math.round(event.duration * 1_000)))
        return
      case 'load-error':
        this.#loadErrors++
        return
      case 'join':
      case 'wait':
        this.#suppressed++
        return
      case 'fill':
        if (!event.accepted) this.#fillsRejected++
        return
      case 'invalidate':
      case 'expire':
        this.#invalidations += event.keys.length
        return
      case 'update':
        this.#updates++
        return
      case 'invalidate-tags':
      case 'expire-tags':
        this.#tagInvalidations += event.tags.length
        return
      case 'invalidate-error':
        // A clear that failed names nothing, and is one.
        this.#invalidationErrors += Math.max(1, event.keys.length + event.tags.length)
        return
      case 'invalidate-replayed':
        this.#invalidationsReplayed += event.count
        return
      case 'invalidate-lost':
        this.#invalidationsLost += event.count
        return
      case 'store-error':
        this.#storeErrors++
        return
      case 'corrupt':
        this.#corrupt++
        return
      case 'retry':
      case 'renew':
      case 'lease-lost':
      case 'clear':
      case 'barrier-lost':
      case 'invalidate-pending':
      case 'outdated':
      case 'oversize':
      case 'tracking-on':
      case 'tracking-lost':
      case 'tracking-refused':
      case 'degraded':
      case 'recovered':
        return
    }
    event satisfies never
  }

  snapshot(near?: { readonly entries: number; readonly bytes: number }): CacheStats {
    const { count } = this.#latency
    const milliseconds = (microseconds: number) => (count === 0 ? 0 : microseconds / 1_000)
    const reads = this.#hits + this.#misses
    return {
      hits: this.#hits,
      nearHits: this.#nearHits,
      nearEntries: near?.entries ?? 0,
      nearBytes: near?.bytes ?? 0,
      misses: this.#misses,
      hitRatio: reads === 0 ? 0 : this.#hits / reads,
      stale: this.#stale,
      refreshes: this.#refreshes,
      loads: count + this.#loadErrors,
      loadErrors: this.#loadErrors,
      stampedesSuppressed: this.#suppressed,
      fillsRejected: this.#fillsRejected,
      invalidations: this.#invalidations,
      updates: this.#updates,
      tagInvalidations: this.#tagInvalidations,
      invalidationErrors: this.#invalidationErrors,
      invalidationsReplayed: this.#invalidationsReplayed,
      invalidationsLost: this.#invalidationsLost,
      storeErrors: this.#storeErrors,
      corrupt: this.#corrupt,
      loadLatency: {
        count,
        mean: milliseconds(this.#latency.mean),
        p50: milliseconds(this.#latency.percentile(50)),
        p99: milliseconds(this.#latency.percentile(99)),
        max: milliseconds(this.#latency.max),
      },
    }
  }
}
