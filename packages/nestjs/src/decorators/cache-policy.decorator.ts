import { SetMetadata } from '@nestjs/common'
import type { HttpRequest } from '../interceptors/http.ts'
import { type CachePolicyOptions, metadata } from '../interceptors/route-settings.ts'

/**
 * Says that what is not cached by default may be, on a route or on a controller; a route adds to its controller's.
 *
 * Not cached by default: requests with `Authorization` or `Cookie`; responses with another status than 200, with
 * `Set-Cookie`, with `Cache-Control: private` or `no-store`, with a `Vary` of the handler's own on a route without
 * `@CacheKey`; streams; bodies with instances of classes.
 *
 * With a function for `credentials`, the copy of user 42 under the key `cart` is `cart:%@42`. `@CacheInvalidate('cart')`
 * on a route with the same function voids it.
 *
 * @example
 * @CachePolicy({ credentials: 'shared', statuses: [404] })
 * @CachePolicy({ credentials: (request: AuthenticatedRequest) => request.user.id })
 */
export function CachePolicy<Request = HttpRequest>(
  policy: CachePolicyOptions<Request>,
): MethodDecorator & ClassDecorator {
  return SetMetadata(metadata.policy, policy)
}
