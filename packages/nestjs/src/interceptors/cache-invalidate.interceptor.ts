import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common'
import { from, lastValueFrom, type Observable } from 'rxjs'
import { CacheAsideService } from '../cache-aside.service.ts'
import { Advice } from './advice.ts'
import type { HttpRequest, HttpResponse } from './http.ts'
import type { KeyTemplate } from './key-template.ts'
import { metadata } from './route-settings.ts'
import { writeKeys } from './write-keys.ts'
import { WriteLog } from './write-log.ts'

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
  readonly #log = new WriteLog(CacheInvalidateInterceptor.name)
  readonly #advice = new Advice(CacheInvalidateInterceptor.name)
  readonly #cache: CacheAsideService

  constructor(@Inject(CacheAsideService) cache: CacheAsideService) {
    this.#cache = cache
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http') return from(this.#write(context, next))
    const advice = `: @CacheInvalidate does nothing on "${context.getType()}": call cache.invalidate in the handler`
    this.#advice.give(context, 'transport', advice)
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
      const voided = keys.join(', ') || 'its keys'
      const consequence = 'Readers may see what was there before until its TTL ends.'
      this.#log.error(context, `wrote, but ${voided} could not be invalidated: ${String(error)}. ${consequence}`)
    }
  }

  #keysOf(context: ExecutionContext, result: unknown): string[] {
    const request = context.switchToHttp().getRequest<HttpRequest>()
    const targets = Reflect.getMetadata(metadata.invalidate, context.getHandler()) as readonly (
      | KeyTemplate
      | InvalidatedKeys
    )[]
    return targets.flatMap((target) =>
      typeof target === 'function'
        ? target({ request, result })
        : writeKeys('@CacheInvalidate', target, context, this.#advice),
    )
  }
}
