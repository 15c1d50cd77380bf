import { CacheError } from '../errors.ts'

/** What was wrong with an embedding, or with the server that was asked for it. */
export type EmbedderFailure =
  /** No connection, or it was lost. */
  | 'unreachable'
  /** No answer in time. */
  | 'timeout'
  /** The server refused: see `status`. */
  | 'refused'
  /** The server's answer was no embedding. */
  | 'unreadable'
  /** The vector is as no embedding of this embedder can be: of other dimensions, or without a direction. */
  | 'vector'

/** A text that was not embedded. `SemanticCache.ask` answers all the same: it reports this in an event `embed-error`. */
export class EmbedderError extends CacheError {
  readonly failure: EmbedderFailure
  /** What an HTTP server answered with, if it did. */
  readonly status: number | undefined

  constructor(failure: EmbedderFailure, message: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super('EMBEDDER', message, cause === undefined ? undefined : { cause })
    this.failure = failure
    this.status = status
  }
}
