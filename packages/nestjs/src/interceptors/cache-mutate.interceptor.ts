import { isCacheError } from '@cache-aside/core'
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  ServiceUnavailableException,
} from '@nestjs/common'
import { from, lastValueFrom, type Observable } from 'rxjs'
import { CacheAsideService } from '../cache-aside.service.ts'
import { Advice } from './advice.ts'
import type { HttpRequest } from './http.ts'
import { WriteLog } from './write-log.ts'
import { writeNames, type WriteTarget } from './write-targets.ts'

/** Whole keys, or tags, as the decorator says. */
export type Mutated<Request = HttpRequest> = (request: Request) => string | readonly string[]

/** Runs the handler behind one barrier: of all that `@CacheMutate` and `@CacheMutateTag`, which bind it, name. */
@Injectable()
export class CacheMutateInterceptor implements NestInterceptor {
  readonly #log = new WriteLog(CacheMutateInterceptor.name)
  readonly #advice = new Advice(CacheMutateInterceptor.name)
  readonly #cache: CacheAsideService

  constructor(@Inject(CacheAsideService) cache: CacheAsideService) {
    this.#cache = cache
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http') return from(this.#write(context, next))
    const advice = `: @CacheMutate does nothing on "${context.getType()}": call cache.mutate in the handler`
    this.#advice.give(context, 'transport', advice)
    return next.handle()
  }

  async #write(context: ExecutionContext, next: CallHandler): Promise<unknown> {
    const request = context.switchToHttp().getRequest<HttpRequest>()
    const names = (what: WriteTarget['what']) => writeNames('mutate', what, context, request, this.#advice)
    let run: Promise<unknown> | undefined
    const write = () => {
      run = lastValueFrom(next.handle())
      return run
    }
    try {
      return await this.#cache.mutate(names('key'), write, { tags: names('tag') })
    } catch (error) {
      if (run === undefined) throw this.#refused(context, error)
      // What the handler throws is the answer. Else the write is made, and a response that says otherwise would have it made again.
      const result = await run
      this.#log.error(context, `wrote, but: ${String(error)}`)
      return result
    }
  }

  /** No barrier is up, and the handler has not run. */
  #refused(context: ExecutionContext, error: unknown): unknown {
    if (!isCacheError(error) || (error.code !== 'STORE' && error.code !== 'CLOSED')) return error
    const advice = "With onUnreachable: 'journal' writes go on without Redis."
    this.#log.error(context, `answers 503: ${String(error)}. ${advice}`)
    return new ServiceUnavailableException('The write was not made, try again', { cause: error })
  }
}
