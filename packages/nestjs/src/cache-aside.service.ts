import { CacheAside, type CacheEventOf, type ReadOptions } from '@cache-aside/core'
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { MODULE_OPTIONS_TOKEN } from './cache-aside.module-definition.ts'
import type { CacheAsideModuleOptions } from './cache-aside.options.ts'
import { responseCodec } from './interceptors/response-codec.ts'

/**
 * The cache of the application: core's `CacheAside`, with the life of a Nest provider.
 *
 * It logs one line when Redis goes away and one when it is back, and one each when invalidations are kept in the
 * journal, a clear among them, and when all are replayed or lost: however many requests there are in between. So it does
 * when what others change is no longer heard, is heard again, or is not told by the server at all.
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
  #isDeaf = false
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
    this.events.on('tracking-lost', ({ reason }) => this.#onTrackingLost(reason))
    this.events.on('tracking-on', () => this.#onTracking())
    this.events.on('tracking-refused', ({ reason }) => this.#onTrackingRefused(reason))
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

  /** As core's, of a value and of a response, which is written in a way of its own. */
  override async ttl(key: string, options: ReadOptions = {}): Promise<number | null> {
    const left = await super.ttl(key, options)
    return left === null && options.codec === undefined ? super.ttl(key, { ...options, codec: responseCodec }) : left
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

  #onTrackingLost(reason: unknown): void {
    this.#isDeaf = true
    this.#logger.warn(`What others change may be missed: ${String(reason)} (the near cache was emptied)`)
  }

  #onTracking(): void {
    if (this.#isDeaf) this.#logger.log('What others change is heard again')
    this.#isDeaf = false
  }

  #onTrackingRefused(reason: unknown): void {
    this.#logger.warn(
      `What others change is not told by the server: ${String(reason)} (there is no near cache, and who waits for ` +
        'another process asks again and again)',
    )
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
