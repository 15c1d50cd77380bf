import { CacheAside } from '@cache-aside/core'
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { MODULE_OPTIONS_TOKEN } from './cache-aside.module-definition.ts'
import type { CacheAsideModuleOptions } from './cache-aside.options.ts'

/** Where one node of several is away, failures and answers take turns: that is one state, and not a line for each. In milliseconds. */
const calm = 1_000

/**
 * The cache of the application: core's `CacheAside`, with the life of a Nest provider.
 *
 * It logs one line when Redis goes away and one when it is back, however many requests there are in between.
 *
 * @example
 * constructor(@Inject(CacheAsideService) private readonly cache: CacheAsideService) {}
 *
 * find(id: string) {
 *   return this.cache.getOrLoad(cacheKey('product', id), () => this.products.find(id), { ttl: '1m' })
 * }
 */
@Injectable()
export class CacheAsideService extends CacheAside implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger(CacheAsideService.name)
  readonly #startWithoutRedis: boolean
  /** When Redis last failed, by `performance.now()`; undefined while it is said to be there. */
  #failedAt: number | undefined

  /** @throws {InvalidOptionsError} which names every option that is wrong and shows a right value. */
  constructor(@Inject(MODULE_OPTIONS_TOKEN) options: CacheAsideModuleOptions) {
    // The copy: a factory that returns nothing gets core's list of what is missing, not a TypeError.
    const { startWithoutRedis, ...cacheOptions } = { ...options }
    super(cacheOptions)
    // Compared, because an environment variable is text and 'false' is truthy.
    this.#startWithoutRedis = startWithoutRedis === true
    this.events.on('store-error', ({ error }) => this.#onAway(error))
    this.events.on('invalidate-error', ({ error }) => this.#onAway(error))
    this.events.on('hit', () => this.#onAnswer())
    this.events.on('fill', () => this.#onAnswer())
    this.events.on('invalidate', () => this.#onAnswer())
  }

  /** Called by Nest. @throws {ConnectionError} unless `startWithoutRedis` is set. */
  async onModuleInit(): Promise<void> {
    try {
      await this.connect()
    } catch (error) {
      if (!this.#startWithoutRedis) {
        // Nest runs no shutdown hooks after a failed start, and a client left open keeps the process alive.
        await this.close()
        throw error
      }
      this.#onAway(error)
    }
  }

  /** Called by Nest. */
  async onApplicationShutdown(): Promise<void> {
    await this.close()
  }

  #onAway(error: unknown): void {
    if (this.#failedAt === undefined) {
      this.#logger.warn(`Redis is away: ${String(error)} (loaders run and nothing is cached until it is back)`)
    }
    this.#failedAt = performance.now()
  }

  #onAnswer(): void {
    if (this.#failedAt === undefined || performance.now() - this.#failedAt < calm) return
    this.#failedAt = undefined
    this.#logger.log('Redis is back: caching again')
  }
}
