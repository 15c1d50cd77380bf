import { SetMetadata } from '@nestjs/common'
import type { HttpRequest } from '../interceptors/http.ts'
import { parseTemplate } from '../interceptors/key-template.ts'
import { type KeyFunction, metadata } from '../interceptors/route-settings.ts'

/**
 * Names the key of a route's responses, so that others can invalidate it. By default the key is the whole URL.
 *
 * Two colons stand before a part to fill in: `product::id` is `product` and the value of `id`, and `product:id` would
 * be one key for every product. `id` is a path parameter or else one of the query; `::params.id`, `::query.page`,
 * `::body.sku` and `::headers.x-tenant` say which. What is not in the key must not matter to the response, and a key
 * belongs to one route: `getOrLoad` must not use it for something else.
 *
 * A function returns the whole key. It is the one place for anything a template cannot say; build what it returns with
 * `cacheKey`, which escapes what a client has sent.
 *
 * @throws {InvalidOptionsError} while the class is defined, for a template that cannot be read.
 *
 * @example
 * @CacheKey('product::id')
 * @CacheKey((request) => cacheKey('products', currencyOf(request)))
 */
export function CacheKey<Request = HttpRequest>(key: string | KeyFunction<Request>): MethodDecorator {
  return SetMetadata(metadata.key, typeof key === 'function' ? key : parseTemplate(key, '@CacheKey'))
}
