import type { Eviction, EvictionWatch } from '@cache-aside/core'
import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common'
import { DiscoveryService, MetadataScanner } from '@nestjs/core'
import { CacheAsideService } from '../cache-aside.service.ts'
import { evictionMetadata } from '../decorators/on-cache-eviction.decorator.ts'

interface Listener {
  /** `ProductWarmUp.onGone`, for log lines. */
  readonly name: string
  readonly patterns: readonly RegExp[]
  call(eviction: Eviction): unknown
}

/** Brings evictions to the methods with `@OnCacheEviction`; an application without one opens no connection for them. */
@Injectable()
export class CacheEvictionListener implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(CacheEvictionListener.name)
  readonly #cache: CacheAsideService
  readonly #discovery: DiscoveryService
  readonly #scanner: MetadataScanner
  #listeners: readonly Listener[] = []
  /** Undefined while evictions are not heard. */
  #watch: Promise<EvictionWatch | undefined> | undefined

  constructor(
    @Inject(CacheAsideService) cache: CacheAsideService,
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(MetadataScanner) scanner: MetadataScanner,
  ) {
    this.#cache = cache
    this.#discovery = discovery
    this.#scanner = scanner
  }

  /** Called by Nest. */
  async onApplicationBootstrap(): Promise<void> {
    this.#listeners = this.#findListeners()
    if (this.#listeners.length === 0) return
    this.#start()
    await this.#watch
  }

  /** Called by Nest, before the service closes. */
  async beforeApplicationShutdown(): Promise<void> {
    const watch = await this.#watch
    this.#cache.events.off('fill', this.#start)
    await watch?.close()
  }

  readonly #start = (): void => {
    this.#cache.events.off('fill', this.#start)
    this.#watch = this.#open()
  }

  async #open(): Promise<EvictionWatch | undefined> {
    try {
      const watch = await this.#cache.watchEvictions((eviction) => this.#hand(eviction))
      if (watch.notifications === 'refused') this.#logger.warn(`Evictions may not be reported: ${watch.hint}`)
      return watch
    } catch (error) {
      this.#logger.warn(`Evictions are not reported until Redis is back: ${String(error)}`)
      // A watch that was open finds its way back by itself; a value that Redis has taken says that one can be opened.
      this.#cache.events.on('fill', this.#start)
      return undefined
    }
  }

  #hand(eviction: Eviction): void {
    for (const listener of this.#listeners) {
      if (listener.patterns.some((pattern) => pattern.test(eviction.key))) void this.#call(listener, eviction)
    }
  }

  async #call(listener: Listener, eviction: Eviction): Promise<void> {
    try {
      await listener.call(eviction)
    } catch (error) {
      this.#logger.error(`${listener.name} failed for "${eviction.key}" (${eviction.reason}): ${String(error)}`)
    }
  }

  #findListeners(): Listener[] {
    // By instance, because an alias is the same provider under another token.
    const found = new Map<object, Listener[]>()
    for (const wrapper of [...this.#discovery.getProviders(), ...this.#discovery.getControllers()]) {
      const instance: unknown = wrapper.instance
      if (typeof instance !== 'object' || instance === null) continue
      const listeners = this.#listenersOf(instance)
      if (listeners.length > 0 && (wrapper.isTransient || !wrapper.isDependencyTreeStatic())) {
        // What stands here then is a prototype whose constructor never ran.
        this.#logger.warn(
          `${listeners.map(({ name }) => name).join(', ')}: @OnCacheEviction needs a provider of the default scope`,
        )
        continue
      }
      found.set(instance, listeners)
    }
    return [...found.values()].flat()
  }

  #listenersOf(instance: object): Listener[] {
    const prototype: unknown = Object.getPrototypeOf(instance)
    return this.#scanner.getAllMethodNames(prototype as object | null).flatMap((name) => {
      const patterns = Reflect.getMetadata(evictionMetadata, Reflect.get(prototype as object, name) as object) as
        | readonly string[]
        | undefined
      if (patterns === undefined) return []
      return {
        name: `${instance.constructor.name}.${name}`,
        patterns: patterns.map(toRegExp),
        call: (eviction) => (instance as Record<string, (eviction: Eviction) => unknown>)[name]?.(eviction),
      }
    })
  }
}

/** `*` is any text; everything else is itself. */
function toRegExp(pattern: string): RegExp {
  const escaped = pattern.split('*').map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`, 's')
}
