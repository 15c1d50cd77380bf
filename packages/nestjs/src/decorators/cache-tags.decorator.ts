import type { HttpRequest } from '../interceptors/http.ts'
import { parseName } from '../interceptors/key-template.ts'
import { metadata, type TagFunction } from '../interceptors/route-settings.ts'

/**
 * Gives the responses of a route, or of a controller's routes, tags: `@CacheInvalidateTag` and `cache.invalidateTag` void
 * all that have one, whatever their keys are and whoever's they are. A route adds to what its controller says.
 *
 * The tags are templates as in `@CacheKey`, or functions that make whole tags of the request and of what the handler
 * returned; build those with `cacheKey`. At most 64 for a response.
 *
 * @throws {InvalidOptionsError} while the class is defined, for a template that cannot be read.
 *
 * @example
 * @Get('products/:id')
 * @CacheTags('catalogue', ({ result }: Loaded<Product>) => cacheKey('category', result.categoryId))
 */
export function CacheTags<Result = unknown, Request = HttpRequest>(
  ...tags: readonly [string | TagFunction<Result, Request>, ...(string | TagFunction<Result, Request>)[]]
): MethodDecorator & ClassDecorator {
  const parsed = tags.map((tag) => parseName(tag, '@CacheTags'))

  return (target: object, _method?: string | symbol, descriptor?: PropertyDescriptor) => {
    const tagged = (descriptor?.value ?? target) as object
    // Those of a base class too: a response that lacks a tag is not voided by it.
    const others = (Reflect.getMetadata(metadata.tags, tagged) ?? []) as readonly unknown[]
    Reflect.defineMetadata(metadata.tags, [...parsed, ...others], tagged)
  }
}
