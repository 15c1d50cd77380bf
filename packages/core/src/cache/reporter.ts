import { type Channel, channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { guarded } from '../protocol/guarded.ts'
import type { CacheEvent, CacheEventOf, CacheEventType } from '../events.ts'
import { type CacheStats, StatsCounter } from './stats.ts'

/** Where an application listens. A listener that throws is reported as a process warning and disturbs nobody. */
export interface CacheEvents {
  on<Type extends CacheEventType>(type: Type, listener: (event: CacheEventOf<Type>) => void): this
  off<Type extends CacheEventType>(type: Type, listener: (event: CacheEventOf<Type>) => void): this
}

/** Counts every event, and hands it to whoever listens. */
export class Reporter {
  readonly #namespace: string
  readonly #counter = new StatsCounter()
  readonly #emitter = new EventEmitter()
  readonly #channels = new Map<CacheEventType, Channel>()
  readonly #hits = this.#channel('hit')

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  get events(): CacheEvents {
    return this.#emitter
  }

  /** @param near What it holds now. */
  stats(near?: { readonly entries: number; readonly bytes: number }): CacheStats {
    return this.#counter.snapshot(near)
  }

  /** As `report`; makes an event only where somebody listens. */
  readonly hit = (key: string, near: boolean): void => {
    this.#counter.hit(near)
    if (this.#hits.hasSubscribers || this.#emitter.listenerCount('hit') > 0) this.#tell({ type: 'hit', key, near })
  }

  readonly report = (event: CacheEvent): void => {
    this.#counter.count(event)
    if (this.#isHeard(event.type)) this.#tell(event)
  }

  #isHeard(type: CacheEventType): boolean {
    return this.#emitter.listenerCount(type) > 0 || this.#channel(type).hasSubscribers
  }

  #tell(event: CacheEvent): void {
    if (this.#emitter.listenerCount(event.type) > 0) {
      for (const listener of this.#emitter.rawListeners(event.type))
        guarded(listener as (event: CacheEvent) => void)(event)
    }
    const published = this.#channel(event.type)
    if (published.hasSubscribers) published.publish({ ...event, namespace: this.#namespace })
  }

  #channel(type: CacheEventType): Channel {
    let known = this.#channels.get(type)
    if (!known) {
      known = channel(`cache-aside:${type}`)
      this.#channels.set(type, known)
    }
    return known
  }
}
