import { checkReadOptions, type Duration, InvalidOptionsError, parseDuration } from '@cache-aside/core'
import { SetMetadata } from '@nestjs/common'
import { metadata, type RouteReadOptions } from '../interceptors/route-settings.ts'

/**
 * How long the responses of a route, or of a controller's routes, are kept, and what may be done with those that are not
 * fresh. A route adds to what its controller says, and both to the options of the module.
 *
 * With `staleWhileRevalidate`, `earlyRefresh` or `earlyRefreshAt`, here or in the module, a handler also runs behind an
 * answer: with the request of a client that has it, after the interceptors outside of the cache have ended, and without
 * a way to change what was sent. Nothing of this is on by default: `earlyRefresh` is 0 on a route that nobody says it for.
 *
 * With `failSafe`, what is not fresh is served when the handler fails: it throws, and not an `HttpException` below 500,
 * which is an answer, such as that there is no such product. `softTimeout` is for those who wait for another request's
 * handler, or for their turn, and then run theirs behind the answer; a request whose handler runs waits for it.
 *
 * @throws {InvalidOptionsError} while the class is defined; it names the route and what would be right.
 *
 * @example
 * @CacheTTL('30s')
 * @CacheTTL({ ttl: '1m', staleWhileRevalidate: '30s', failSafe: '1h' })
 */
export function CacheTTL(ttl: Duration | RouteReadOptions): MethodDecorator & ClassDecorator {
  return (target: object, method?: string | symbol, descriptor?: PropertyDescriptor) => {
    const route = typeof target === 'function' ? target.name : `${target.constructor.name}.${String(method)}`
    const options = typeof ttl === 'object' ? ttl : { ttl }
    refuseWrong(options, `@CacheTTL of ${route}`)
    const inMilliseconds = options.ttl === undefined ? {} : { ttl: parseDuration(options.ttl, '@CacheTTL') }
    SetMetadata(metadata.read, { ...options, ...inMilliseconds })(target, method as string, descriptor as object)
  }
}

const notOfRoutes = [
  ['negativeTtl', 'a response is never null'],
  ['tags', '@CacheTags gives them'],
  ['codec', 'a response is written as it is sent, or with the codec of the module'],
] as const

function refuseWrong(options: RouteReadOptions, decorator: string): void {
  try {
    for (const [option, because] of notOfRoutes) {
      if (!(option in options)) continue
      const expected = `to be left out: ${because}`
      throw new InvalidOptionsError([{ option, expected, got: String(Reflect.get(options, option)) }])
    }
    checkReadOptions(options)
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error
    throw new InvalidOptionsError(error.problems.map((each) => ({ ...each, option: `${decorator}: ${each.option}` })))
  }
}
