import { SetMetadata } from '@nestjs/common'
import { metadata } from '../interceptors/route-settings.ts'

/** Leaves a route, or a controller's routes, out of a cache that is bound around them: `X-Cache: BYPASS`. */
export function NoCache(): MethodDecorator & ClassDecorator {
  return SetMetadata(metadata.noCache, true)
}
