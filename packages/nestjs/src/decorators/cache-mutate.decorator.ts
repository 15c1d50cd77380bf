import { CacheMutateInterceptor, type Mutated } from '../interceptors/cache-mutate.interceptor.ts'
import type { HttpRequest } from '../interceptors/http.ts'
import { writeDecorator } from './write-decorator.ts'

/**
 * Runs the handler behind a barrier on the keys (core's `mutate`): from before it begins until it has ended, whatever it
 * ends with, readers of the keys load without caching, and then the keys are void. A process that dies in between leaves
 * nothing stale. The keys have to be known before the handler runs: templates as in `@CacheKey`, or functions that make
 * whole keys of the request. For those that the result tells, put `@CacheInvalidate` beside it.
 *
 * Without Redis there is no barrier, so by default the write is not made, and the answer is 503; with the module's
 * `onUnreachable: 'journal'` it is made. Works on its own; no interceptor has to be bound.
 *
 * @throws {InvalidOptionsError} while the class is defined, for a template that cannot be read.
 *
 * @example
 * @Patch('products/:id')
 * @CacheMutate('product::id', 'products:all')
 */
export function CacheMutate<Request = HttpRequest>(
  ...keys: readonly [string | Mutated<Request>, ...(string | Mutated<Request>)[]]
): MethodDecorator {
  return writeDecorator('mutate', CacheMutateInterceptor, { decorator: '@CacheMutate', what: 'key' }, keys)
}

/**
 * As `@CacheMutate`, for tags: what has one of them from `@CacheTags` or `getOrLoad` is void from before the handler
 * begins. Beside `@CacheMutate` the barrier is one, of the keys and the tags. For tags that the result tells, put
 * `@CacheInvalidateTag` beside it.
 *
 * @throws {InvalidOptionsError} while the class is defined, for a template that cannot be read.
 *
 * @example
 * @Put('categories/:category/discount')
 * @CacheMutateTag('category::category')
 */
export function CacheMutateTag<Request = HttpRequest>(
  ...tags: readonly [string | Mutated<Request>, ...(string | Mutated<Request>)[]]
): MethodDecorator {
  return writeDecorator('mutate', CacheMutateInterceptor, { decorator: '@CacheMutateTag', what: 'tag' }, tags)
}
