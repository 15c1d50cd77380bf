import { EventEmitter } from 'node:events'
import { guarded } from '../protocol/guarded.ts'
import type { Clock } from '../time/clock.ts'
import type { WriteBehindEvent, WriteBehindEventOf, WriteBehindEventType } from './events.ts'

/** Where an application listens. A listener that throws is reported as a process warning and disturbs nobody. */
export interface WriteBehindEvents {
  on<Type extends WriteBehindEventType>(type: Type, listener: (event: WriteBehindEventOf<Type>) => void): this
  off<Type extends WriteBehindEventType>(type: Type, listener: (event: WriteBehindEventOf<Type>) => void): this
}

/** What this process has counted since it began. */
export interface WriteBehindCounts {
  /** Puts that were accepted here. */
  readonly put: number
  /** Puts that were not, because too many entries waited. */
  readonly refused: number
  /** Entries that left the stream because they, or a newer one of their key, were written here. */
  readonly written: number
  /** Entries that were handed to `write` again. */
  readonly retried: number
  /** Entries that became dead letters here. */
  readonly dead: number
}

/** Counts events, and hands them to whoever listens; tells of a change once. */
export class WriteBehindReporter {
  readonly #clock: Clock
  readonly #emitter = new EventEmitter()
  readonly #counts = { put: 0, refused: 0, written: 0, retried: 0, dead: 0 }
  #degradedSince: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get events(): WriteBehindEvents {
    return this.#emitter
  }

  get counts(): WriteBehindCounts {
    return { ...this.#counts }
  }

  count(what: 'put' | 'refused' | 'retried', by = 1): void {
    this.#counts[what] += by
  }

  report(event: WriteBehindEvent): void {
    if (event.type === 'written') this.#counts.written += event.entries
    if (event.type === 'dead-letter') this.#counts.dead += 1
    for (const listener of this.#emitter.rawListeners(event.type))
      guarded(listener as (event: WriteBehindEvent) => void)(event)
  }

  degraded(reason: unknown): void {
    if (this.#degradedSince !== undefined) return
    this.#degradedSince = this.#clock.now()
    this.report({ type: 'degraded', reason })
  }

  recovered(): void {
    if (this.#degradedSince === undefined) return
    const after = this.#clock.now() - this.#degradedSince
    this.#degradedSince = undefined
    this.report({ type: 'recovered', after })
  }
}
