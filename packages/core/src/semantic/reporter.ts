import { EventEmitter } from 'node:events'
import { guarded } from '../protocol/guarded.ts'
import type { SemanticEvent, SemanticEventOf, SemanticEventType } from './events.ts'

/** Where an application listens. A listener that throws is reported as a process warning and disturbs nobody. */
export interface SemanticEvents {
  on<Type extends SemanticEventType>(type: Type, listener: (event: SemanticEventOf<Type>) => void): this
  off<Type extends SemanticEventType>(type: Type, listener: (event: SemanticEventOf<Type>) => void): this
}

/** What a semantic cache has counted in this process since it was made. */
export interface SemanticStats {
  /** Answers served to the same question, without an embedding. */
  readonly exactHits: number
  /** Answers served to a similar question. */
  readonly similarHits: number
  readonly misses: number
  /** Misses with a question less than `nearMiss` below the threshold. */
  readonly nearMisses: number
  /** Hits over questions; 0 before the first. */
  readonly hitRatio: number
  /** Loaders called. Misses beyond them were answered by the call of another, here or in another process. */
  readonly calls: number
  readonly embeds: number
  readonly embedErrors: number
  readonly indexErrors: number
  /** Pointers that were dropped, because their answer was gone or void. */
  readonly dropped: number
}

/** Counts every event, and hands it to whoever listens. */
export class SemanticReporter {
  readonly #emitter = new EventEmitter()
  readonly #counts = {
    exactHits: 0,
    similarHits: 0,
    misses: 0,
    nearMisses: 0,
    calls: 0,
    embeds: 0,
    embedErrors: 0,
    indexErrors: 0,
    dropped: 0,
  }

  get events(): SemanticEvents {
    return this.#emitter
  }

  stats(): SemanticStats {
    const { exactHits, similarHits, misses } = this.#counts
    const hits = exactHits + similarHits
    return { ...this.#counts, hitRatio: hits === 0 ? 0 : hits / (hits + misses) }
  }

  readonly report = (event: SemanticEvent): void => {
    this.#count(event)
    for (const listener of this.#emitter.rawListeners(event.type))
      guarded(listener as (event: SemanticEvent) => void)(event)
  }

  #count(event: SemanticEvent): void {
    switch (event.type) {
      case 'hit':
        this.#counts[event.exact ? 'exactHits' : 'similarHits']++
        return
      case 'miss':
        this.#counts.misses++
        return
      case 'near-miss':
        this.#counts.nearMisses++
        return
      case 'call':
        this.#counts.calls++
        return
      case 'embed':
        this.#counts.embeds++
        return
      case 'embed-error':
        this.#counts.embedErrors++
        return
      case 'index-error':
        this.#counts.indexErrors++
        return
      case 'dropped':
        this.#counts.dropped++
        return
    }
    event satisfies never
  }
}
