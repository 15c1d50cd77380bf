import { cacheKey, InvalidKeyError } from '@cache-aside/core'
import type { ExecutionContext } from '@nestjs/common'
import type { HttpRequest } from './http.ts'
import type { CachePolicyOptions, RouteSettings } from './route-settings.ts'

/** Where Nest keeps what `@Version` and `@Controller({ version })` say; it exports no name for it. */
const versionMetadata = '__version__'

/** Comes before a user's id; no `cacheKey` makes it, so no other route can be asked for this part. */
const user = '%@'

/** What the key of a request is made of. */
interface Keyed {
  readonly context: ExecutionContext
  readonly request: HttpRequest
  readonly settings: RouteSettings
  /** As the client sent it: path and query. */
  readonly url: string
}

/**
 * The key of the response to this request, or undefined if it may not come from the cache, nor go there.
 *
 * @throws {InvalidKeyError} and what a function of the application throws: the route's settings give no key.
 */
export function requestKey(keyed: Keyed): string | undefined {
  const { request, settings } = keyed
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
  const { key } = keyed.settings
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
function defaultKey({ context, request, url }: Keyed): string {
  const queryStart = url.indexOf('?')
  const [path, query] = queryStart < 0 ? [url, ''] : [url.slice(0, queryStart), url.slice(queryStart + 1)]
  // A client of HTTP/1.0 names no host.
  const { hostname = '' } = request as Partial<HttpRequest>
  const parts = ['http', hostname, routeName(context), versionOf(context), path] as const
  return query === '' ? cacheKey(...parts) : cacheKey(...parts, sortQuery(query))
}

function versionOf(context: ExecutionContext): string {
  const version: unknown =
    Reflect.getMetadata(versionMetadata, context.getHandler()) ??
    Reflect.getMetadata(versionMetadata, context.getClass()) ??
    []
  return [version].flat().map(String).join(' ')
}

/**
 * Orders the pairs of a query by name, so that `?a=1&b=2` and `?b=2&a=1` are one entry. Pairs of one name keep their
 * order, which a handler sees, and so do `a[0]` and `a[]`.
 *
 * The text stays as it is: parsers disagree about bytes that are not UTF-8, of which `URLSearchParams` makes one text.
 */
function sortQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => ({ pair, name: nameOf(pair) }))
    .toSorted((one, other) => (one.name === other.name ? 0 : one.name < other.name ? -1 : 1))
    .map(({ pair }) => pair)
    .join('&')
}

function nameOf(pair: string): string {
  const [name = ''] = new URLSearchParams(pair).keys()
  return name.split('[', 1).join('')
}
