import { bulkhead } from 'cockatiel'
import { readEntry, type Seen, type SeenValue } from '../entry/entry.ts'
import { type Freshness, freshness, isServed } from '../entry/freshness.ts'
import { storeKey } from '../entry/key.ts'
import type { CacheEvent, StaleReason } from '../events.ts'
import { type LoadOutcome, type LoadSurroundings, lead } from '../load/lead.ts'
import type { Loader } from '../load/run-loader.ts'
import type { Boarding, SingleFlight } from '../load/single-flight.ts'
import { orLate } from '../load/waiting.ts'
import type { Clock } from '../time/clock.ts'
import type { ResolvedOptions } from './options.ts'
import type { Settings } from './settings.ts'

/** A value, and why it is not fresh if it is not. */
export interface Served<T = unknown> {
  readonly value: T
  readonly stale: StaleReason | undefined
}

export interface ReadSurroundings {
  readonly flights: SingleFlight<LoadOutcome>
  readonly clock: Clock
  readonly report: (event: CacheEvent) => void
  /** Whether a key is not to be read from the store now. */
  readonly avoids: (storeKey: string) => boolean
}

interface Request {
  readonly key: string
  readonly storeKey: string
  readonly load: Loader<unknown>
  readonly settings: Settings
}

/** The read path: read, or join a load, or lead one. */
export class ReadThrough {
  readonly #options: ResolvedOptions
  readonly #around: ReadSurroundings & LoadSurroundings

  constructor(options: ResolvedOptions, around: ReadSurroundings) {
    this.#options = options
    const turns = bulkhead(options.maxConcurrentLoads, Number.POSITIVE_INFINITY)
    this.#around = { ...around, ...options, turns }
  }

  async getOrLoad(key: string, load: Loader<unknown>, settings: Settings): Promise<Served> {
    const request = { key, storeKey: storeKey(this.#options.namespace, key), load, settings }
    const { report } = this.#around

    for (let missed = false; ; missed = true) {
      const seen = await this.read(key, request.storeKey)
      const judged = seen.kind === 'value' ? this.#judge(seen, settings) : 'over'
      if (seen.kind === 'value' && isServed(judged)) {
        report({ type: missed ? 'join' : 'hit', key })
        if (judged !== 'fresh') this.#refresh(request, seen)
        return judged === 'stale'
          ? this.#serveStale(key, seen, 'revalidating')
          : { value: seen.value, stale: undefined }
      }
      if (!missed) report({ type: 'miss', key })

      const fallback = seen.kind === 'value' && judged === 'fallback' ? seen : undefined
      if (fallback && this.#marked(fallback, 'failed')) return this.#serveStale(key, fallback, 'load-failed')

      const boarding = this.#board(request, seen, missed)
      // What was expired by call is there for a loader that fails, and not for one that is slow.
      const limit = fallback && fallback.lifetime.freshUntil > 0 ? settings.softTimeout : 0
      const landed = await (limit > 0 ? orLate(boarding.outcome, limit, this.#around.clock) : boarding.outcome)
      if (fallback && landed === 'late') return this.#serveStale(key, fallback, 'slow-load')
      if (landed === 'late' || landed.kind === 'left') continue
      if (landed.kind === 'failed') {
        if (fallback) return this.#serveStale(key, fallback, 'load-failed')
        throw landed.cause
      }
      // The value may be older than an invalidation that returned before this call began.
      if (boarding.role === 'joiner' && landed.asOf <= boarding.boarded) continue

      if (boarding.role === 'joiner') report({ type: 'join', key })
      else if (landed.kind === 'entry' && landed.loadedBy === 'another') report({ type: 'wait', key })
      const value = landed.kind === 'declined' ? landed.value : this.#options.format.codec.decode(landed.payload)
      return { value, stale: undefined }
    }
  }

  /** The value under a key if it may be served without a load. */
  async get(key: string, settings: Settings): Promise<Served | undefined> {
    const seen = await this.read(key, storeKey(this.#options.namespace, key))
    const served = seen.kind === 'value' && this.#serves(seen, settings) ? seen : undefined
    this.#around.report({ type: served ? 'hit' : 'miss', key })
    if (!served) return undefined
    if (this.#judge(served, settings) === 'stale') return this.#serveStale(key, served, 'revalidating')
    return { value: served.value, stale: undefined }
  }

  async read(key: string, inStore: string): Promise<Seen | { readonly kind: 'away' }> {
    const { store, format, report, avoids } = this.#around
    if (avoids(inStore)) return { kind: 'away' }
    try {
      const seen = readEntry(await store.read(inStore), format)
      if (seen.kind === 'unreadable') report({ type: seen.outdated ? 'outdated' : 'corrupt', key, reason: seen.reason })
      return seen
    } catch (error) {
      report({ type: 'store-error', operation: 'read', key, error })
      return { kind: 'away' }
    }
  }

  #board(
    request: Request,
    seen: Seen | { readonly kind: 'away' },
    denied: boolean,
    behind = false,
  ): Boarding<LoadOutcome> {
    const serves = (value: SeenValue) => this.#serves(value, request.settings)
    return this.#around.flights.board(request.storeKey, denied, (flight) => {
      // Asked again: since the read, this process may have voided the key and not been heard.
      const found = this.#around.avoids(request.storeKey) ? ({ kind: 'away' } as const) : seen
      return lead(flight, { ...request, seen: found, behind, serves }, this.#around)
    })
  }

  /** Loads behind a value that was served, unless somebody is about it already, or was in vain a moment ago. */
  #refresh(request: Request, seen: SeenValue): void {
    if (this.#marked(seen) || this.#around.flights.has(request.storeKey)) return
    this.#around.report({ type: 'refresh', key: request.key })
    this.#board(request, seen, false, true)
  }

  #serves(seen: SeenValue, settings: Settings): boolean {
    return isServed(this.#judge(seen, settings))
  }

  #judge({ lifetime }: SeenValue, settings: Settings): Freshness {
    return freshness(lifetime, settings, this.#options.store.now(), Math.random())
  }

  #marked({ mark }: SeenValue, kind = mark?.kind): boolean {
    return mark !== undefined && mark.kind === kind && mark.until > this.#options.store.now()
  }

  #serveStale(key: string, { value }: SeenValue, stale: StaleReason): Served {
    this.#around.report({ type: 'stale', key, reason: stale })
    return { value, stale }
  }
}
