import { type Duration, parseDuration } from '@cache-aside/core'
import { SetMetadata } from '@nestjs/common'
import { metadata } from '../interceptors/route-settings.ts'

/**
 * How long the responses of a route, or of a controller's routes, are kept. Default: the `ttl` of the module.
 *
 * @throws {InvalidOptionsError} while the class is defined, for what is not a duration.
 *
 * @example
 * @CacheTTL('30s')
 */
export function CacheTTL(ttl: Duration): MethodDecorator & ClassDecorator {
  return SetMetadata(metadata.ttl, parseDuration(ttl, '@CacheTTL'))
}
