import { cacheKey, type ReadOptions } from '@cache-aside/core'
import type { ExecutionContext } from '@nestjs/common'
import type { ApplicationConfig } from '@nestjs/core'
import { routeName } from './request-key.ts'
import { responseCodec } from './response-codec.ts'
import { type RouteSettings, routeSettings } from './route-settings.ts'

/** Where Nest keeps what `@UseInterceptors`, `@Version` and `@Controller({ version })` say; it exports no names for it. */
const interceptorsMetadata = '__interceptors__'
const versionMetadata = '__version__'

/** What the requests of a route share. */
export interface Route {
  readonly settings: RouteSettings
  /** The parts of a default key that are the route's own: the handler and its version. */
  readonly keyParts: string
  /** Whether nobody outside of the cache is to be given a body otherwise than as it is sent. */
  readonly sendsAsStored: boolean
  /** How responses are read, but for their tags: with the body that the handler gave, or as they are sent. */
  readonly read: { readonly given: ReadOptions; readonly serialized: ReadOptions }
}

/** Finds what the requests of a route share at its first: decorators and bindings stay as they are. */
export class Routes {
  /** By handler and by controller: one that is inherited is a handler of several. */
  readonly #routes = new WeakMap<object, WeakMap<object, Route>>()
  readonly #config: ApplicationConfig
  readonly #interceptor: object
  readonly #defaults: ReadOptions

  /**
   * @param interceptor The class that caches.
   * @param defaults What routes read with where they say nothing else.
   */
  constructor(config: ApplicationConfig, interceptor: object, defaults: ReadOptions) {
    this.#config = config
    this.#interceptor = interceptor
    this.#defaults = defaults
  }

  of(context: ExecutionContext): Route {
    const [handler, controller] = [context.getHandler(), context.getClass()]
    let ofHandler = this.#routes.get(handler)
    if (!ofHandler) this.#routes.set(handler, (ofHandler = new WeakMap()))
    let route = ofHandler.get(controller)
    if (!route) ofHandler.set(controller, (route = this.#find(context)))
    return route
  }

  #find(context: ExecutionContext): Route {
    const settings = routeSettings(context)
    // Frozen: core works out only once what such options come to.
    const given = Object.freeze({ ...this.#defaults, ...settings.read })
    return {
      settings,
      keyParts: cacheKey(routeName(context), versionOf(context)),
      sendsAsStored: settings.policy.body === 'as-sent' || this.#isOutermost(context),
      read: { given, serialized: Object.freeze({ ...given, codec: responseCodec }) },
    }
  }

  /** An interceptor that calls the cache's, or extends it, may do something with the body too: it has to be this one itself. */
  #isOutermost(context: ExecutionContext): boolean {
    const bound = [context.getClass(), context.getHandler()].flatMap(
      (target) => (Reflect.getMetadata(interceptorsMetadata, target) ?? []) as unknown[],
    )
    const [outermost] = [
      ...this.#config.getGlobalInterceptors(),
      ...this.#config.getGlobalRequestInterceptors(),
      ...bound,
    ]
    return outermost === this.#interceptor || (outermost as object | undefined)?.constructor === this.#interceptor
  }
}

function versionOf(context: ExecutionContext): string {
  const version: unknown =
    Reflect.getMetadata(versionMetadata, context.getHandler()) ??
    Reflect.getMetadata(versionMetadata, context.getClass()) ??
    []
  return [version].flat().map(String).join(' ')
}
