import { UseInterceptors } from '@nestjs/common'
import type { HttpRequest } from '../interceptors/http.ts'
import { CacheInvalidateInterceptor, type InvalidatedKeys } from '../interceptors/cache-invalidate.interceptor.ts'
import { parseTemplate } from '../interceptors/key-template.ts'
import { metadata } from '../interceptors/route-settings.ts'

/**
 * Invalidates keys when the handler has succeeded (it did not throw, and the status is below 400), before the response
 * goes out: a client that has its answer reads nothing older from any process.
 *
 * Works on its own; no interceptor has to be bound. The keys are templates as in `@CacheKey`, or functions that make
 * whole keys of the request and the handler's result. When Redis does not acknowledge, the response goes out all the
 * same, because the write is done; the log and the event `invalidate-error` say that readers may see the old value
 * until its TTL ends, or with `onUnreachable: 'journal'` until Redis is back. A process that dies after the write has
 * invalidated nothing: `@CacheMutate` is for that. A handler that sends the response itself, through `@Res()`, sends it
 * before the invalidation.
 *
 * @throws {InvalidOptionsError} while the class is defined, for a template that cannot be read.
 *
 * @example
 * @Patch('products/:id')
 * @CacheInvalidate('product::id', 'products:all', ({ result }: Written<Product>) => cacheKey('category', result.categoryId))
 */
export function CacheInvalidate<Result = unknown, Request = HttpRequest>(
  ...keys: readonly [string | InvalidatedKeys<Result, Request>, ...(string | InvalidatedKeys<Result, Request>)[]]
): MethodDecorator {
  const targets = keys.map((key) => (typeof key === 'function' ? key : parseTemplate(key, '@CacheInvalidate')))

  return (target, name, descriptor) => {
    const handler = descriptor.value as object
    const others = Reflect.getOwnMetadata(metadata.invalidate, handler) as readonly unknown[] | undefined
    Reflect.defineMetadata(metadata.invalidate, [...targets, ...(others ?? [])], handler)
    // Bound here, so that it cannot be forgotten; once, however many of these stand on the method.
    if (others === undefined) UseInterceptors(CacheInvalidateInterceptor)(target, name, descriptor)
  }
}
