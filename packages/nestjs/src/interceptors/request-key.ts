import { cacheKey, InvalidKeyError } from '@cache-aside/core'
import type { ExecutionContext } from '@nestjs/common'
import type { HttpRequest } from './http.ts'
import type { Route } from './route.ts'
import type { CachePolicyOptions } from './route-settings.ts'

/** Comes before a user's id; no `cacheKey` makes it, so no other route can be asked for this part. */
const user = '%@'

/** What the key of a request is made of. */
interface Keyed {
  readonly context: ExecutionContext
  readonly request: HttpRequest
  readonly route: Route
  /** As the client sent it: path and query. */
  readonly url: string
}

/**
 * The key of the response to this request, or undefined if it may not come from the cache, nor go there.
 *
 * @throws {InvalidKeyError} and what a function of the application throws: the route's settings give no key.
 */
export function requestKey(keyed: Keyed): string | undefined {
  const { request, route } = keyed
  const { settings } = route
  if (!settings.cacheable || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
  const owner = ownerOf(request, settings.policy)
  return owner === undefined ? undefined : routeKey(keyed) + owner
}

/**
 * What stands after the key of a response that belongs to one user: `:%@` and the id. Empty for one that everybody may
 * share, undefined for one that nobody may.
 */
export function ownerOf(request: HttpRequest, { credentials }: CachePolicyOptions): string | undefined {
  if (credentials === 'shared') return ''
  if (credentials === undefined) {
    return request.headers.authorization === undefined && request.headers.cookie === undefined ? '' : undefined
  }
  const id = credentials(request)
  return id === undefined || id === '' ? undefined : `:${user}${cacheKey(id)}`
}

/** `ProductController.find`, for keys and for log lines. */
export function routeName(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`
}

function routeKey(keyed: Keyed): string {
  const { key } = keyed.route.settings
  if (key === undefined) return defaultKey(keyed)
  if (typeof key === 'function') {
    const made: unknown = key(keyed.request, keyed.context)
    if (typeof made === 'string' && made !== '') return made
    throw new InvalidKeyError(
      `the function of @CacheKey returned ${made === '' ? 'no text' : typeof made}: expected a key`,
    )
  }
  return key.fillToStore(keyed.request)
}

/**
 * Everything that chooses the handler, and everything the URL says to it. With versions in a header two handlers share
 * a URL, so the handler and its version are parts.
 */
function defaultKey({ route, request, url }: Keyed): string {
  const queryStart = url.indexOf('?')
  const [path, query] = queryStart < 0 ? [url, ''] : [url.slice(0, queryStart), url.slice(queryStart + 1)]
  // A client of HTTP/1.0 names no host.
  const { hostname = '' } = request as Partial<HttpRequest>
  const place = `http:${cacheKey(hostname)}:${route.keyParts}`
  return `${place}:${query === '' ? cacheKey(path) : cacheKey(path, sortQuery(query))}`
}

/**
 * Orders the pairs of a query by name, so that `?a=1&b=2` and `?b=2&a=1` are one entry. Pairs of one name keep their
 * order, which a handler sees, and so do `a[0]` and `a[]`.
 *
 * The text stays as it is: parsers disagree about bytes that are not UTF-8, of which `URLSearchParams` makes one text.
 */
function sortQuery(query: string): string {
  if (!query.includes('&')) return query
  return query
    .split('&')
    .map((pair) => ({ pair, name: nameOf(pair) }))
    .toSorted((one, other) => (one.name === other.name ? 0 : one.name < other.name ? -1 : 1))
    .map(({ pair }) => pair)
    .join('&')
}

function nameOf(pair: string): string {
  const [name = ''] = /[%+]/.test(pair) ? new URLSearchParams(pair).keys() : pair.split('=', 1)
  return name.split('[', 1).join('')
}
