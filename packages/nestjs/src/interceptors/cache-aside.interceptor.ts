import { isCacheError, type LoadContext, type Served } from '@cache-aside/core'
import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common'
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core'
import { from, lastValueFrom, type Observable } from 'rxjs'
import { CacheAsideService } from '../cache-aside.service.ts'
import { Advice } from './advice.ts'
import { Exchange, type Handled } from './exchange.ts'
import { type Framework, frameworkOf } from './framework.ts'
import { requestKey } from './request-key.ts'
import { declaredTags, tagsOfResult } from './response-tags.ts'
import { Routes } from './route.ts'
import { isReplayable, isStoredResponse, pass, type StoredResponse } from './stored-response.ts'

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

/** What a handler threw that is its answer, for everybody who waits for it. */
class Answer {
  readonly exception: unknown

  constructor(exception: unknown) {
    this.exception = exception
  }
}

/** A run behind an answer that came to nothing. Maybe only because it was one: whoever waits for it runs its own handler. */
class RefreshError extends Error {
  constructor(cause: unknown) {
    super(`not refreshed behind the answer: ${String(cause)}`, { cause })
    this.name = 'RefreshError'
  }
}

/**
 * Caches the responses of GET and HEAD routes; binds to a route, a controller or the whole application.
 *
 * Requests for one key that miss at once run the handler once, over all processes. Guards run first, on a hit too.
 * The header `X-Cache` tells what happened: `MISS`, this request ran the handler; `HIT`, it did not; `STALE`, it got a
 * response that is not fresh, as `staleWhileRevalidate` or `failSafe` allows; `BYPASS`, the cache was not used. Other
 * routes and other transports (GraphQL, RPC, WebSocket) are left alone.
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
  readonly #advice = new Advice(CacheAsideInterceptor.name)
  readonly #cache: CacheAsideService
  readonly #host: HttpAdapterHost
  readonly #routes: Routes
  #framework: Framework | undefined

  constructor(
    @Inject(CacheAsideService) cache: CacheAsideService,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(ApplicationConfig) config: ApplicationConfig,
  ) {
    this.#cache = cache
    this.#host = host
    this.#routes = new Routes(config, CacheAsideInterceptor, cache.routeDefaults)
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle()
    const request = context.switchToHttp().getRequest<{ [entered]?: true }>()
    if (request[entered]) return next.handle()
    request[entered] = true

    const adapter = this.#host.httpAdapter
    // The adapter comes after the providers.
    const framework = (this.#framework ??= frameworkOf(adapter))
    const exchange = new Exchange(context, next, { route: this.#routes.of(context), adapter, framework })
    const key = this.#keyOf(exchange)
    return key === undefined ? exchange.bypass() : from(this.#answer(exchange, key))
  }

  async #answer(exchange: Exchange, key: string): Promise<unknown> {
    let served: Served | undefined
    try {
      const load = (context: LoadContext) => this.#load(exchange, context)
      served = await this.#cache.getOrLoadEntry<unknown>(key, load, exchange.begin())
    } catch (error) {
      // An error of the cache itself (a handler slower than `loadTimeout`, a body the codec refuses) is nobody's answer.
      if (!exchange.run && !isCacheError(error) && !(error instanceof RefreshError)) throw error
    } finally {
      exchange.isAnswered = true
    }
    if (exchange.run) return this.#answerOf(exchange, exchange.run, served)

    // Hits of one turn of the event loop go out together: one by one, each write would wake a client that has gone to sleep.
    await new Promise(setImmediate)
    const value = served?.value
    if (value instanceof Answer) throw value.exception
    if (isReplayable(value)) return exchange.replay(value, served?.stale ? 'STALE' : 'HIT')
    if (served && !isStoredResponse(value)) {
      const advice = `"${key}" holds a value that is not a response: give the route a key of its own`
      this.#advise(exchange.context, 'foreign value', advice)
    }
    return lastValueFrom(exchange.bypass())
  }

  /** A request that has run its handler gets what that gave; something stale, only if it has failed. */
  async #answerOf(exchange: Exchange, run: Promise<Handled>, served: Served | undefined): Promise<unknown> {
    try {
      const { body } = await run
      return served && !served.stale && isReplayable(served.value) ? exchange.complete(served.value) : body
    } catch (error) {
      if (!served?.stale || !isReplayable(served.value) || isAnswer(error) || exchange.isSent) throw error
      return exchange.replay(served.value, 'STALE')
    }
  }

  #load(exchange: Exchange, load: LoadContext): Promise<StoredResponse | Answer> {
    return exchange.isAnswered ? this.#refresh(exchange, load) : this.#run(exchange, load)
  }

  async #run(exchange: Exchange, load: LoadContext): Promise<StoredResponse | Answer> {
    try {
      return this.#stored(exchange, await exchange.handle(), load)
    } catch (error) {
      if (!isAnswer(error)) throw error
      load.decline()
      return new Answer(error)
    }
  }

  async #refresh(exchange: Exchange, load: LoadContext): Promise<StoredResponse> {
    if (isReplayable(load.stale?.value)) {
      try {
        return this.#stored(exchange, await exchange.handleBehind(), load)
      } catch (error) {
        if (!isAnswer(error)) throw new RefreshError(error)
      }
    }
    // There is nothing, or no longer anything, to be served without a run: the next request runs its handler.
    load.decline()
    return pass
  }

  #stored(exchange: Exchange, handled: Handled, load: LoadContext): StoredResponse {
    const { context, route } = exchange
    if (handled.refused === 'instances') this.#advise(context, handled.refused, instancesAdvice)
    const stored = this.#tagged(exchange, handled)
    if (stored.kind === 'pass') load.setTtl(Math.min(passTtl, route.settings.read.ttl ?? passTtl))
    return stored
  }

  #tagged(exchange: Exchange, { stored, body }: Handled): StoredResponse {
    if (stored.kind === 'pass') return stored
    try {
      exchange.tags = tagsOfResult(exchange, body)
      return stored
    } catch (error) {
      // Nobody could void it by a tag that it lacks.
      this.#advise(exchange.context, 'no tags', String(error))
      return pass
    }
  }

  #keyOf(exchange: Exchange): string | undefined {
    try {
      const key = requestKey(exchange)
      if (key !== undefined) exchange.tags = declaredTags(exchange)
      return key
    } catch (error) {
      this.#advise(exchange.context, 'no key', String(error))
      return undefined
    }
  }

  #advise(context: ExecutionContext, topic: string, advice: string): void {
    this.#advice.give(context, topic, ` is not cached: ${advice}`)
  }
}

/**
 * Whether what a handler threw says how things are (there is no such product), or that it could not find out: only the
 * latter is a failure, for which something stale is better than nothing (RFC 5861, section 4).
 */
function isAnswer(error: unknown): boolean {
  return error instanceof HttpException && error.getStatus() < 500
}
