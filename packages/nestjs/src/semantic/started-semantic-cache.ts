import { ConnectionError } from '@cache-aside/core'
import { SemanticCache, type SemanticCacheOptions } from '@cache-aside/core/semantic'
import { Logger, type OnModuleInit } from '@nestjs/common'
import { featureToken, ofFeature } from '../feature.ts'

/**
 * A semantic cache with the life of a Nest provider.
 *
 * It logs one line when the embedder begins to fail and one when it works again, however many questions there are in between.
 */
export class StartedSemanticCache extends SemanticCache<string> implements OnModuleInit {
  readonly #logger: Logger
  readonly #cache: SemanticCacheOptions['cache']
  readonly #token: string
  #isFailing = false

  constructor(options: SemanticCacheOptions<string>) {
    super(options)
    this.#cache = options.cache
    this.#token = featureToken('SemanticCache', options.name)
    this.#logger = new Logger(this.#token)
    this.events.on('embed-error', ({ error }) => this.#onFailure(error))
    this.events.on('embed', () => this.#onEmbedded())
  }

  /** Called by Nest. @throws {InvalidOptionsError} for an index that this server cannot have. */
  async onModuleInit(): Promise<void> {
    try {
      await this.connect()
    } catch (error) {
      // Whether an application starts without Redis is its cache's to say, in a hook of its own.
      if (error instanceof ConnectionError) return
      // Nest runs no shutdown hooks after a failed start, and a client left open keeps the process alive.
      await this.#cache.close()
      throw ofFeature(this.#token, error)
    }
  }

  #onFailure(error: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    this.#logger.warn(
      `The embedder fails: ${String(error)} (only equal questions are answered from the cache until it works again)`,
    )
  }

  #onEmbedded(): void {
    if (this.#isFailing) this.#logger.log('The embedder works again')
    this.#isFailing = false
  }
}
