import type { Clock } from '../time/clock.ts'
import { EmbedderError } from './errors.ts'
import { unitVector } from './vector.ts'

/** Makes a vector of a text, so that texts that mean the same have vectors of nearly the same direction. */
export interface Embedder {
  /**
   * Of the model: vectors of one are never compared with those of another. 1 to 128 characters, the same in every process;
   * change it when the vectors change.
   */
  readonly id: string
  /** How many numbers a vector has, where that is known before the first: any other vector is an `EmbedderError` then. */
  readonly dimensions?: number | undefined
  /**
   * The same vector for the same text, of any length but 0. It may be asked for many texts at once.
   *
   * @param context Its signal aborts when `embedTimeout` is over.
   */
  embed(text: string, context: EmbedContext): PromiseLike<ArrayLike<number>> | ArrayLike<number>
}

export interface EmbedContext {
  readonly signal: AbortSignal
}

export interface EmbeddingSurroundings {
  /** How long an embedding may take, in milliseconds. */
  readonly timeout: number
  readonly clock: Clock
  /** Milliseconds. */
  readonly embedded: (duration: number) => void
}

/**
 * Vectors of one embedder, of length 1 and of as many dimensions as the first.
 *
 * Invariant: a text is being embedded at most once at a time, for all who want it: a vector does not age.
 */
export class Embedding {
  readonly #embedder: Embedder
  readonly #around: EmbeddingSurroundings
  readonly #inFlight = new Map<string, Promise<Float32Array>>()
  #dimensions: number | undefined

  constructor(embedder: Embedder, around: EmbeddingSurroundings) {
    this.#embedder = embedder
    this.#around = around
    this.#dimensions = embedder.dimensions
  }

  /** Settles within the time-out, whatever the embedder does. @throws {EmbedderError} or what the embedder throws. */
  of(text: string): Promise<Float32Array> {
    let vector = this.#inFlight.get(text)
    if (!vector) {
      vector = this.#embed(text).finally(() => this.#inFlight.delete(text))
      this.#inFlight.set(text, vector)
    }
    return vector
  }

  #embed(text: string): Promise<Float32Array> {
    const { timeout, clock, embedded } = this.#around
    const { id } = this.#embedder
    const began = clock.now()
    const abort = new AbortController()
    return new Promise((resolve, reject) => {
      const cancel = clock.after(timeout, () => {
        const error = new EmbedderError('timeout', `embed: no vector from ${JSON.stringify(id)} after ${timeout} ms`)
        reject(error)
        abort.abort(error)
      })
      const attempt = async () => {
        const given = await this.#embedder.embed(text, { signal: abort.signal })
        if (abort.signal.aborted) return
        const vector = unitVector(given, id, this.#dimensions)
        this.#dimensions ??= vector.length
        embedded(clock.now() - began)
        resolve(vector)
      }
      attempt().catch(reject).finally(cancel)
    })
  }
}
