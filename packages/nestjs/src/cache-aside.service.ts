import { CacheAside, type CacheEventOf, type ReadOptions } from '@cache-aside/core'
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { MODULE_OPTIONS_TOKEN } from './cache-aside.module-definition.ts'
import type { CacheAsideModuleOptions } from './cache-aside.options.ts'

/**
 * The cache of the application: core's `CacheAside`, with the life of a Nest provider.
 *
 * It logs one line when Redis goes away and one when it is back, and one each when invalidations are kept in the
 * journal, a clear among them, and when all are replayed or lost: however many requests there are in between.
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
  /** What routes read with where they say nothing else: a handler runs behind an answer only if somebody has said so. */
  readonly routeDefaults: ReadOptions
  readonly #logger = new Logger(CacheAsideService.name)
  readonly #startWithoutRedis: boolean
  #isAway = false
  #pending: 'nothing' | 'some' | 'everything' = 'nothing'

  /** @throws {InvalidOptionsError} which names every option that is wrong and shows a right value. */
  constructor(@Inject(MODULE_OPTIONS_TOKEN) options: CacheAsideModuleOptions) {
    // The copy: a factory that returns nothing gets core's list of what is missing, not a TypeError.
    const { startWithoutRedis, ...cacheOptions } = { ...options }
    super(cacheOptions)
    this.routeDefaults = { earlyRefresh: cacheOptions.earlyRefresh ?? 0 }
    // Compared, because an environment variable is text and 'false' is truthy.
    this.#startWithoutRedis = startWithoutRedis === true
    this.events.on('degraded', ({ reason }) => this.#onAway(reason))
    this.events.on('recovered', () => this.#onBack())
    this.events.on('invalidate-pending', ({ operation }) => this.#onPending(operation === 'clear'))
    this.events.on('invalidate-replayed', (event) => this.#onReplayed(event))
    this.events.on('invalidate-lost', (event) => this.#onLost(event))
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

  #onAway(reason: unknown): void {
    if (this.#isAway) return
    this.#isAway = true
    this.#logger.warn(`Redis is away: ${String(reason)} (loaders run and nothing is cached until it is back)`)
  }

  #onBack(): void {
    this.#isAway = false
    this.#logger.log('Redis is back: caching again')
  }

  #onPending(clears: boolean): void {
    if (this.#pending === 'everything' || (this.#pending === 'some' && !clears)) return
    this.#pending = clears ? 'everything' : 'some'
    this.#logger.warn(
      clears
        ? 'A clear is pending: Redis has not acknowledged it, and is told again until it does ' +
            '(this process reads nothing from the cache meanwhile)'
        : 'Invalidations are pending: Redis has not acknowledged them, and is told again until it does ' +
            '(this process does not read what they void from the cache meanwhile)',
    )
  }

  #onReplayed(event: CacheEventOf<'invalidate-replayed'>): void {
    this.#pending = 'nothing'
    this.#logger.log(`Invalidations are replayed (${counted(event)})`)
  }

  #onLost(event: CacheEventOf<'invalidate-lost'>): void {
    this.#pending = 'nothing'
    this.#logger.error(
      `Invalidations are lost (${counted(event)}): the application ends and Redis has not acknowledged them (other ` +
        'processes may serve old values until their TTL ends)',
    )
  }
}

/** `overflowed`: by a clear, or more than the journal keeps, which became one. */
function counted({ count, overflowed }: { readonly count: number; readonly overflowed: boolean }): string {
  return `keys and tags: ${count}${overflowed ? ', and the whole namespace' : ''}`
}
