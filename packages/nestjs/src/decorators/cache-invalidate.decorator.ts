import type { HttpRequest } from '../interceptors/http.ts'
import { CacheInvalidateInterceptor, type Invalidated } from '../interceptors/cache-invalidate.interceptor.ts'
import { writeDecorator } from './write-decorator.ts'

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
  ...keys: readonly [string | Invalidated<Result, Request>, ...(string | Invalidated<Result, Request>)[]]
): MethodDecorator {
  return writeDecorator('invalidate', CacheInvalidateInterceptor, { decorator: '@CacheInvalidate', what: 'key' }, keys)
}

/**
 * As `@CacheInvalidate`, for tags: voids every response that has one of them from `@CacheTags`, the copies of all users
 * too, and every value that has one from `getOrLoad`. It costs the same for ten as for ten million.
 *
 * @throws {InvalidOptionsError} while the class is defined, for a template that cannot be read.
 *
 * @example
 * @Patch('products/:id')
 * @CacheInvalidate('product::id')
 * @CacheInvalidateTag(({ result }: Written<Product>) => cacheKey('category', result.categoryId))
 */
export function CacheInvalidateTag<Result = unknown, Request = HttpRequest>(
  ...tags: readonly [string | Invalidated<Result, Request>, ...(string | Invalidated<Result, Request>)[]]
): MethodDecorator {
  return writeDecorator(
    'invalidate',
    CacheInvalidateInterceptor,
    { decorator: '@CacheInvalidateTag', what: 'tag' },
    tags,
  )
}
