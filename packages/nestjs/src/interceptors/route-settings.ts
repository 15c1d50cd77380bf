import type { ReadOptions } from '@cache-aside/core'
import type { ExecutionContext } from '@nestjs/common'
import type { HttpRequest } from './http.ts'
import type { KeyTemplate } from './key-template.ts'

/** Where the decorators of this package leave what they were told. */
export const metadata = {
  key: 'cache-aside:key',
  tags: 'cache-aside:tags',
  read: 'cache-aside:read',
  policy: 'cache-aside:policy',
  noCache: 'cache-aside:no-cache',
  invalidate: 'cache-aside:invalidate',
  mutate: 'cache-aside:mutate',
} as const

/** Routes of Nest whose result is not the body of the response: events, a view's data, an address to go to. */
const notABody = ['__sse__', '__renderTemplate__', '__redirect__'] as const

/**
 * The whole key of a response; `cacheKey` makes one of any input. Text that is not a key, or an error, is logged once
 * for the route, and the request runs uncached.
 */
export type KeyFunction<Request = HttpRequest> = (request: Request, context: ExecutionContext) => string

/** A response that is to be stored, as the functions of `@CacheTags` see it. */
export interface Loaded<Result = unknown, Request = HttpRequest> {
  readonly request: Request
  /** What the handler returned. */
  readonly result: Result
}

/**
 * Whole tags of a response; `cacheKey` makes one of any input. Where it throws, or makes something else, the response is
 * not stored, and a warning is logged once for the route.
 */
export type TagFunction<Result = unknown, Request = HttpRequest> = (
  loaded: Loaded<Result, Request>,
) => string | readonly string[]

/**
 * How the responses of a route are kept and refreshed: what core takes for a read. A response is never a `null`, has its
 * tags from `@CacheTags`, and is written in a way of its own.
 */
export interface RouteReadOptions extends Omit<ReadOptions, 'negativeTtl' | 'tags' | 'codec'> {}

/** How a route says that what is not cached by default may be. */
export interface CachePolicyOptions<Request = HttpRequest> {
  /**
   * Who may share a response to a request with `Authorization` or `Cookie`. By default nobody: it is not cached.
   *
   * `'shared'`: the response is the same for everyone. A function: the response belongs to the user whose id it
   * returns, and the id becomes a part of the key; without an id (`undefined` or `''`) the request runs uncached.
   * It is called for every request, those without credentials too.
   */
  readonly credentials?: 'shared' | ((request: Request) => string | number | undefined)
  /** Statuses that are cached besides 200. A hit has the status the handler gave. */
  readonly statuses?: readonly number[]
  /**
   * `'plain'`: instances of classes in the body are cached as JSON makes them. By default a body with one is not
   * cached: a `ClassSerializerInterceptor` outside of the cache would find no class on a hit, and let pass the
   * properties it excludes on a miss.
   */
  readonly instances?: 'plain'
  /**
   * `'as-sent'`: interceptors outside of the cache are given the body as it goes out, as text, on a miss and on a hit. By
   * default they are given what the handler gave, which has to be parsed and made text again on every hit. Where no
   * interceptor stands outside, there is nothing to say.
   */
  readonly body?: 'as-sent'
}

/** What the decorators of a route, and of its controller, say together. The route's word stands above its controller's. */
export interface RouteSettings {
  readonly key: KeyTemplate | KeyFunction | undefined
  readonly tags: readonly (KeyTemplate | TagFunction)[]
  /** `ttl` in milliseconds. */
  readonly read: RouteReadOptions & { readonly ttl?: number }
  readonly policy: CachePolicyOptions
  readonly cacheable: boolean
}

export function routeSettings(context: ExecutionContext): RouteSettings {
  const [handler, controller] = [context.getHandler(), context.getClass()]
  const isSaid = (name: string): boolean => Reflect.hasMetadata(name, handler) || Reflect.hasMetadata(name, controller)
  // Joined, so that a route that adds something does not lose its controller's word on the rest.
  const joined = (name: string): object => ({
    ...(Reflect.getMetadata(name, controller) as object | undefined),
    ...(Reflect.getMetadata(name, handler) as object | undefined),
  })

  return {
    key: Reflect.getMetadata(metadata.key, handler) as RouteSettings['key'],
    tags: [handler, controller].flatMap(
      (said) => (Reflect.getMetadata(metadata.tags, said) ?? []) as RouteSettings['tags'],
    ),
    read: joined(metadata.read),
    policy: joined(metadata.policy),
    // A route that invalidates is a write, whatever its method.
    cacheable: ![metadata.noCache, metadata.invalidate, metadata.mutate, ...notABody].some(isSaid),
  }
}
