import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
} from '@nestjs/common'
import { from, lastValueFrom, type Observable } from 'rxjs'
import { CacheAsideService } from '../cache-aside.service.ts'
import type { HttpRequest, HttpResponse } from './http.ts'
import type { KeyTemplate } from './key-template.ts'
import { ownerOf, routeName } from './request-key.ts'
import { metadata, routeSettings } from './route-settings.ts'

/** A write that succeeded, as the functions of `@CacheInvalidate` see it. */
export interface Written<Result = unknown, Request = HttpRequest> {
  readonly request: Request
  /** What the handler returned. */
  readonly result: Result
}

export type InvalidatedKeys<Result = unknown, Request = HttpRequest> = (
  written: Written<Result, Request>,
) => string | readonly string[]

/** Voids the keys of `@CacheInvalidate`, which binds it, when the handler has succeeded and before the response goes out. */
@Injectable()
export class CacheInvalidateInterceptor implements NestInterceptor {
  readonly #logger = new Logger(CacheInvalidateInterceptor.name)
  readonly #cache: CacheAsideService
  readonly #advised = new Set<string>()

  constructor(@Inject(CacheAsideService) cache: CacheAsideService) {
    this.#cache = cache
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http') return from(this.#write(context, next))
    this.#advise(
      context,
      `@CacheInvalidate does nothing on "${context.getType()}": call cache.invalidate in the handler`,
    )
    return next.handle()
  }

  async #write(context: ExecutionContext, next: CallHandler): Promise<unknown> {
    const result: unknown = await lastValueFrom(next.handle())
    const { statusCode } = context.switchToHttp().getResponse<HttpResponse>()
    if (statusCode < 400) await this.#invalidate(context, result)
    return result
  }

  /** Never rejects: the write is done, and a response that says otherwise would have it done again. */
  async #invalidate(context: ExecutionContext, result: unknown): Promise<void> {
    let keys: string[] = []
    try {
      keys = this.#keysOf(context, result)
      await this.#cache.invalidate(keys)
    } catch (error) {
      this.#logger.error(
        `${routeName(context)} wrote, but ${keys.join(', ') || 'its keys'} could not be invalidated: ` +
          `${String(error)}. Readers may see what was there before until its TTL ends.`,
      )
    }
  }

  #keysOf(context: ExecutionContext, result: unknown): string[] {
    const request = context.switchToHttp().getRequest<HttpRequest>()
    const { policy } = routeSettings(context)
    const owner = typeof policy.credentials === 'function' ? ownerOf(request, policy) : undefined
    const targets = Reflect.getMetadata(metadata.invalidate, context.getHandler()) as readonly (
      | KeyTemplate
      | InvalidatedKeys
    )[]

    return targets.flatMap((target) => {
      if (typeof target === 'function') return target({ request, result })
      const key = target.fill(request)
      this.#adviseOn(target, key, context, request)
      return owner === undefined ? key : [key, key + owner]
    })
  }

  /** A key nobody reads is voided without an error: say so, or nobody finds out. */
  #adviseOn(target: KeyTemplate, key: string, context: ExecutionContext, request: HttpRequest): void {
    const [missing] = target.missing(request)
    const misread = target.misread(request)
    const template = `@CacheInvalidate('${target.text}')`
    if (missing !== undefined) {
      this.#advise(
        context,
        `${template} found no "${missing}" in the request and voided "${key}": take it from the result, with a function`,
      )
    }
    if (misread !== undefined) {
      this.#advise(
        context,
        `${template} voids one key for every ":${misread}" of the route: for its value write "::${misread}"`,
      )
    }
  }

  /** Once for a route, not for each request. */
  #advise(context: ExecutionContext, advice: string): void {
    const route = routeName(context)
    if (this.#advised.has(route)) return
    this.#advised.add(route)
    this.#logger.warn(`${route}: ${advice}`)
  }
}
