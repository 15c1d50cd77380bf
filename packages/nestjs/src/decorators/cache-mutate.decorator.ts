import { UseInterceptors } from '@nestjs/common'
import { CacheMutateInterceptor, type MutatedKeys } from '../interceptors/cache-mutate.interceptor.ts'
import type { HttpRequest } from '../interceptors/http.ts'
import { parseTemplate } from '../interceptors/key-template.ts'
import { metadata } from '../interceptors/route-settings.ts'

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
  ...keys: readonly [string | MutatedKeys<Request>, ...(string | MutatedKeys<Request>)[]]
): MethodDecorator {
  const targets = keys.map((key) => (typeof key === 'function' ? key : parseTemplate(key, '@CacheMutate')))

  return (target, name, descriptor) => {
    const handler = descriptor.value as object
    const others = Reflect.getOwnMetadata(metadata.mutate, handler) as readonly unknown[] | undefined
    Reflect.defineMetadata(metadata.mutate, [...targets, ...(others ?? [])], handler)
    // Bound here, so that it cannot be forgotten; once, however many of these stand on the method.
    if (others === undefined) UseInterceptors(CacheMutateInterceptor)(target, name, descriptor)
  }
}
