import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common'
import { from, lastValueFrom, type Observable } from 'rxjs'
import { CacheAsideService } from '../cache-aside.service.ts'
import { Advice } from './advice.ts'
import type { HttpRequest, HttpResponse } from './http.ts'
import { WriteLog } from './write-log.ts'
import { writeNames, type WriteTarget } from './write-targets.ts'

/** A write that succeeded, as the functions of `@CacheInvalidate` see it. */
export interface Written<Result = unknown, Request = HttpRequest> {
  readonly request: Request
  /** What the handler returned. */
  readonly result: Result
}

/** Whole keys, or tags, as the decorator says. */
export type Invalidated<Result = unknown, Request = HttpRequest> = (
  written: Written<Result, Request>,
) => string | readonly string[]

/**
 * Voids what `@CacheInvalidate` and `@CacheInvalidateTag`, which bind it, name: when the handler has succeeded and before
 * the response goes out.
 */
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
    const failures = await Promise.all([
      this.#void('key', context, result, (keys) => this.#cache.invalidate(keys)),
      this.#void('tag', context, result, (tags) => this.#cache.invalidateTag(tags)),
    ])
    const failed = failures.filter((failure) => failure !== undefined).join('; ')
    const consequence = 'Readers may see what was there before until its TTL ends.'
    if (failed !== '') this.#log.error(context, `wrote, but ${failed}. ${consequence}`)
  }

  /** Resolves with what has failed, if it has. */
  async #void(
    what: WriteTarget['what'],
    context: ExecutionContext,
    result: unknown,
    invalidate: (names: readonly string[]) => Promise<unknown>,
  ): Promise<string | undefined> {
    const request = context.switchToHttp().getRequest<HttpRequest>()
    let names: readonly string[] = []
    try {
      names = writeNames('invalidate', what, context, { request, result }, this.#advice)
      await invalidate(names)
      return undefined
    } catch (error) {
      return `${names.join(', ') || `its ${what}s`} could not be invalidated: ${String(error)}`
    }
  }
}
