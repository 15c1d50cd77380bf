import type { BulkheadPolicy } from 'cockatiel'
import { decodeValue, readEntry, type Seen, type SeenValue } from '../entry/entry.ts'
import { type Freshness, freshness, isExpired, isServed } from '../entry/freshness.ts'
import { storeKey } from '../entry/key.ts'
import type { CacheEvent, StaleReason } from '../events.ts'
import type { BatchMember } from '../load/batch-load.ts'
import type { Changes } from '../protocol/changes.ts'
import { currentAsOf, type LoadOutcome, type LoadSurroundings, lead } from '../load/lead.ts'
import type { Loader } from '../load/run-loader.ts'
import type { Boarding, SingleFlight } from '../load/single-flight.ts'
import { orLate } from '../load/waiting.ts'
import type { Mark, NearCache } from '../near/near-cache.ts'
import type { EntryStore } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'
import { isBarred, Validity } from '../tags/validity.ts'
import type { ResolvedOptions } from './options.ts'
import type { Settings } from './settings.ts'

/** What `get` found. A cached "does not exist" is found, with the value `null`. */
export type Lookup<T> =
  | { readonly found: true; readonly value: T }
  | { readonly found: false; readonly value: undefined }

/** A value, and why it is not fresh if it is not. */
export interface Served<T = unknown> {
  readonly value: T
  readonly stale: StaleReason | undefined
}

/** Of a cache, or of a part of it whose entries stand otherwise. */
export type ReadSource = Pick<ResolvedOptions, 'namespace' | 'namespaceKeys' | 'compression'> & {
  readonly store: EntryStore
}

export interface ReadSurroundings {
  readonly flights: SingleFlight<LoadOutcome>
  readonly clock: Clock
  readonly report: (event: CacheEvent) => void
  readonly hit: (key: string, near: boolean) => void
  readonly changes: Changes
  readonly near: NearCache | undefined
  /** Whether a key is not to be read from the store now. */
  readonly avoids: (storeKey: string) => boolean
  /** Whether what has one of these tags is not to be read from the store now. */
  readonly avoidsTags: (tags: readonly string[]) => boolean
  /** Lets so many loaders run at a time. */
  readonly turns: BulkheadPolicy
}

/** What stands under a key, and what its namespace is at. `away`: the store is not to be asked. */
interface Looked {
  readonly seen: Seen | { readonly kind: 'away' }
  readonly generation: string | undefined
  /** A writer is at work on one of its tags: what is loaded now would be void. */
  readonly barred: boolean
}

const away: Looked = { seen: { kind: 'away' }, generation: undefined, barred: false }

interface Request {
  readonly key: string
  readonly storeKey: string
  readonly load: Loader<unknown>
  readonly batch: BatchMember | undefined
  readonly settings: Settings
}

/** The read path: read, or join a load, or lead one. */
export class ReadThrough {
  readonly #options: ReadSource
  readonly #around: ReadSurroundings & LoadSurroundings & { readonly validity: Validity }

  constructor(options: ReadSource, around: ReadSurroundings) {
    this.#options = options
    this.#around = { ...options, ...around, validity: new Validity(options.store, options.namespaceKeys) }
  }

  async getOrLoad(key: string, load: Loader<unknown>, settings: Settings, batch?: BatchMember): Promise<Served> {
    const request = { key, storeKey: storeKey(this.#options.namespace, key), load, settings, batch }
    const { report, hit } = this.#around

    for (let missed = false; ; missed = true) {
      const looked = await this.look(key, request.storeKey, settings)
      const { seen } = looked
      const judged = seen.kind === 'value' ? this.#judge(seen, settings) : 'over'
      if (seen.kind === 'value' && isServed(judged)) {
        if (missed) report({ type: 'join', key })
        else hit(key, false)
        if (judged !== 'fresh') this.#refresh(request, looked)
        return judged === 'stale'
          ? this.#serveStale(key, seen, 'revalidating')
          : { value: seen.value, stale: undefined }
      }
      if (!missed) report({ type: 'miss', key })

      const fallback = seen.kind === 'value' && judged === 'fallback' ? seen : undefined
      if (fallback && this.#marked(fallback, 'failed')) return this.#serveStale(key, fallback, 'load-failed')

      const boarding = this.#board(request, looked, missed)
      if (boarding.role === 'joiner') batch?.stepAside()
      // What was expired, by call or by a tag, is there for a loader that fails, and not for one that is slow.
      const limit = fallback && !isExpired(fallback.lifetime) ? settings.softTimeout : 0
      const landed = await (limit > 0 ? orLate(boarding.outcome, limit, this.#around.clock) : boarding.outcome)
      if (fallback && landed === 'late') return this.#serveStale(key, fallback, 'slow-load')
      if (landed === 'late' || landed.kind === 'left') continue
      if (landed.kind === 'failed') {
        if (fallback) return this.#serveStale(key, fallback, 'load-failed')
        throw landed.cause
      }
      // The value may be older than an invalidation that returned before this call began.
      const asOf = currentAsOf(landed, settings.tags.declared)
      if (boarding.role === 'joiner' && asOf <= boarding.boarded) continue

      if (boarding.role === 'joiner') report({ type: 'join', key })
      else if (landed.kind === 'entry' && landed.loadedBy === 'another') report({ type: 'wait', key })
      const value = landed.kind === 'declined' ? landed.value : decodeValue(landed.format, landed.payload)
      return { value, stale: undefined }
    }
  }

  /** The value of the near cache if it is fresh, or undefined. What is due to be refreshed is the store's to show. */
  near(key: string, settings: Settings): unknown {
    const { near, hit, avoids, avoidsTags } = this.#around
    if (!near || !settings.near) return undefined
    const inStore = storeKey(this.#options.namespace, key)
    const found = near.get(inStore, settings.format, settings.tags.declared)
    if (!found || avoids(inStore) || avoidsTags(settings.tags.declared) || avoidsTags(found.seen.tags)) return undefined
    const judged = this.#judge(found.seen, settings)
    if (judged !== 'fresh' && !(judged === 'due' && this.#isSeenTo(inStore, found.seen))) return undefined
    const value = near.valueOf(found)
    hit(key, true)
    return value
  }

  /** The value under a key if it may be served without a load. */
  async get(key: string, settings: Settings): Promise<Served | undefined> {
    const served = await this.find(key, settings)
    if (!served) {
      this.#around.report({ type: 'miss', key })
      return undefined
    }
    this.#around.hit(key, false)
    if (this.#judge(served, settings) === 'stale') return this.#serveStale(key, served, 'revalidating')
    return { value: served.value, stale: undefined }
  }

  /** As `get`, and tells nobody. */
  async find(key: string, settings: Settings): Promise<SeenValue | undefined> {
    const { seen } = await this.look(key, storeKey(this.#options.namespace, key), settings)
    return seen.kind === 'value' && this.#serves(seen, settings) ? seen : undefined
  }

  async look(key: string, inStore: string, settings: Settings): Promise<Looked> {
    const { store, validity, report, avoids, avoidsTags } = this.#around
    const { format } = settings
    const tags = settings.tags.declared
    if (avoids(inStore) || avoidsTags(tags)) return away
    const near = settings.near ? this.#around.near : undefined
    let mark: Mark | undefined
    try {
      mark = near?.expect(inStore)
      const expected = validity.expected(inStore, tags)
      const reading = await store.read(inStore, validity.namespace, expected)
      const barred = expected.length > 0 && isBarred(reading.tags, expected, store.now())
      const { generation } = reading
      let seen = readEntry(reading.raw, format)
      if (seen.kind === 'unreadable') report({ type: seen.outdated ? 'outdated' : 'corrupt', key, reason: seen.reason })
      if (seen.kind !== 'value') return { seen, generation, barred }
      if (avoidsTags(seen.tags)) return away
      const judged = validity.judge(inStore, seen, reading, tags)
      seen = judged instanceof Promise ? await judged : judged
      if (mark && seen.kind === 'value') near?.keep(inStore, mark, seen, settings)
      return { seen, generation, barred }
    } catch (error) {
      report({ type: 'store-error', operation: 'read', key, error })
      return away
    } finally {
      if (mark) near?.unmark(inStore, mark)
    }
  }

  #board(request: Request, looked: Looked, denied: boolean, behind = false): Boarding<LoadOutcome> {
    const { avoids, avoidsTags } = this.#around
    const serves = (value: SeenValue) => !avoidsTags(value.tags) && this.#serves(value, request.settings)
    return this.#around.flights.board(request.storeKey, denied, (flight) => {
      // Asked again: since the read, this process may have voided the key and not been heard.
      const avoided = avoids(request.storeKey) || avoidsTags(request.settings.tags.declared)
      const found = avoided ? away : looked
      const landed = lead(flight, { ...request, ...found, behind, serves }, this.#around)
      return request.batch ? landed.finally(() => request.batch?.stepAside()) : landed
    })
  }

  /** Whether somebody is about its refresh already, or was in vain a moment ago. */
  #isSeenTo(inStore: string, seen: Pick<SeenValue, 'mark'>): boolean {
    return this.#marked(seen) || this.#around.flights.has(inStore)
  }

  /** Loads behind a value that was served, unless that is seen to. */
  #refresh(request: Request, looked: Looked): void {
    if (looked.seen.kind !== 'value' || this.#isSeenTo(request.storeKey, looked.seen)) return
    this.#around.report({ type: 'refresh', key: request.key })
    this.#board(request, looked, false, true)
  }

  #serves(seen: SeenValue, settings: Settings): boolean {
    return isServed(this.#judge(seen, settings))
  }

  #judge({ lifetime, mark }: Pick<SeenValue, 'lifetime' | 'mark'>, settings: Settings): Freshness {
    const now = this.#options.store.now()
    // Who was changing it has died.
    if (mark?.kind === 'writing' && mark.until <= now) return 'over'
    return freshness(lifetime, settings, now, Math.random())
  }

  #marked({ mark }: Pick<SeenValue, 'mark'>, kind = mark?.kind): boolean {
    return mark !== undefined && mark.kind === kind && mark.until > this.#options.store.now()
  }

  #serveStale(key: string, { value }: SeenValue, stale: StaleReason): Served {
    this.#around.report({ type: 'stale', key, reason: stale })
    return { value, stale }
  }
}
