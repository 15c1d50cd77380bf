import { isCacheError } from '@cache-aside/core'
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
} from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { from, lastValueFrom, type Observable } from 'rxjs'
import { CacheAsideService } from '../cache-aside.service.ts'
import type { HttpRequest, HttpResponse } from './http.ts'
import { requestKey, routeName } from './request-key.ts'
import { type RouteSettings, routeSettings } from './route-settings.ts'
import { bodyOf, isStoredResponse, pass, refusal, type StoredResponse, toStored } from './stored-response.ts'

/**
 * How long requests for an uncacheable response run side by side, in milliseconds, before one of them asks again
 * whether it still is. Without it they would queue: each would wait for the one before, only to find nothing to share.
 * Varnish calls it "hit-for-pass": https://info.varnish-software.com/blog/hit-for-pass-varnish-cache
 */
const passTtl = 10_000

const instancesAdvice =
  'its result holds instances of classes, which an interceptor outside of the cache would not know on a hit: bind ' +
  "ClassSerializerInterceptor inside, or, if nothing goes by the class, say @CachePolicy({ instances: 'plain' })"

/** Set on a request by the outermost interceptor: one bound globally and again on a controller would wait for itself. */
const entered = Symbol('cache-aside.entered')

interface Exchange {
  readonly context: ExecutionContext
  readonly next: CallHandler
  readonly request: HttpRequest & { [entered]?: true }
  readonly response: HttpResponse
  readonly settings: RouteSettings
  /** The run of the handler for this request, once there is one. */
  handled?: Promise<Handled>
}

interface Handled {
  readonly body: unknown
  readonly stored: StoredResponse
}

/**
 * Caches the responses of GET and HEAD routes; binds to a route, a controller or the whole application.
 *
 * Requests for one key that miss at once run the handler once, over all processes. Guards run first, on a hit too.
 * The header `X-Cache` tells what happened: `MISS`, this request ran the handler; `HIT`, it did not; `BYPASS`, the
 * cache was not used. Other routes and other transports (GraphQL, RPC, WebSocket) are left alone.
 *
 * By default nothing is cached that could be one user's own: see `@CachePolicy` for what that means and how a route
 * says otherwise.
 *
 * @example
 * @UseInterceptors(CacheAsideInterceptor)
 * @CacheKey('product::id')
 * @CacheTTL('1m')
 * @Get('products/:id')
 * find(@Param('id') id: string) { … }
 */
@Injectable()
export class CacheAsideInterceptor implements NestInterceptor {
  readonly #logger = new Logger(CacheAsideInterceptor.name)
  readonly #cache: CacheAsideService
  readonly #host: HttpAdapterHost
  /** Routes and the advice they were given: once is enough. */
  readonly #advised = new Set<string>()

  constructor(@Inject(CacheAsideService) cache: CacheAsideService, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#cache = cache
    this.#host = host
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle()
    const http = context.switchToHttp()
    const [request, response] = [http.getRequest<Exchange['request']>(), http.getResponse<HttpResponse>()]
    if (request[entered]) return next.handle()
    request[entered] = true

    const exchange: Exchange = { context, next, request, response, settings: routeSettings(context) }
    const key = this.#keyOf(exchange)
    return key === undefined ? this.#bypass(exchange) : from(this.#answer(exchange, key))
  }

  async #answer(exchange: Exchange, key: string): Promise<unknown> {
    const { ttl } = exchange.settings
    try {
      const stored = await this.#cache.getOrLoad<unknown>(
        key,
        async (load) => {
          exchange.handled = this.#handle(exchange)
          const handled = await exchange.handled
          if (handled.stored.kind === 'pass') load.setTtl(Math.min(passTtl, ttl ?? passTtl))
          return handled.stored
        },
        ttl === undefined ? {} : { ttl },
      )
      if (isStoredResponse(stored) && stored.kind === 'response') {
        if (!exchange.handled) this.#replay(exchange, stored)
        return bodyOf(stored)
      }
      if (!isStoredResponse(stored)) {
        const advice = `"${key}" holds a value that is not a response: give the route a key of its own`
        this.#advise(exchange.context, 'foreign value', advice)
      }
    } catch (error) {
      // An error of the cache itself (a handler slower than `loadTimeout`, a body the codec refuses) is nobody's answer.
      if (!exchange.handled && !isCacheError(error)) throw error
    }
    return exchange.handled ? (await exchange.handled).body : lastValueFrom(this.#bypass(exchange))
  }

  async #handle({ context, next, response, settings }: Exchange): Promise<Handled> {
    const { httpAdapter } = this.#host
    // Before the handler: one that has `@Res()` may send the response itself.
    httpAdapter.setHeader(response, 'X-Cache', 'MISS')
    const headersBefore = response.getHeaders()
    const body: unknown = await lastValueFrom(next.handle())
    if (httpAdapter.isHeadersSent(response)) return { body, stored: pass }

    const outgoing = { status: response.statusCode, headersBefore, headers: response.getHeaders(), body }
    const refused = refusal(outgoing, settings.policy, settings.key !== undefined)
    if (refused === 'instances') this.#advise(context, refused, instancesAdvice)
    return { body, stored: refused === undefined ? toStored(outgoing) : pass }
  }

  #replay({ response }: Exchange, { status, headers }: Extract<StoredResponse, { kind: 'response' }>): void {
    const { httpAdapter } = this.#host
    httpAdapter.status(response, status)
    // Nest's type says text; both frameworks take what `getHeaders` gave, lists and numbers too.
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value as string)
    httpAdapter.setHeader(response, 'X-Cache', 'HIT')
  }

  #bypass({ next, response }: Exchange): Observable<unknown> {
    this.#host.httpAdapter.setHeader(response, 'X-Cache', 'BYPASS')
    return next.handle()
  }

  #keyOf(exchange: Exchange): string | undefined {
    try {
      return requestKey({ ...exchange, url: this.#host.httpAdapter.getRequestUrl(exchange.request) as string })
    } catch (error) {
      this.#advise(exchange.context, 'no key', String(error))
      return undefined
    }
  }

  /** Logs why a route is not cached, once for the route and the topic, not for each request. */
  #advise(context: ExecutionContext, topic: string, advice: string): void {
    const route = routeName(context)
    if (this.#advised.has(`${route} ${topic}`)) return
    this.#advised.add(`${route} ${topic}`)
    this.#logger.warn(`${route} is not cached: ${advice}`)
  }
}
