/** How the route is answered; the names of peers are those of the libraries that their interceptors stand on. */
export type Way = 'no cache' | 'cache-aside' | 'cache-aside-near' | 'cache-manager' | 'hook'

/** What the application under test is started with. */
export interface Assignment {
  readonly way: Way
  /** Of Redis. */
  readonly url: string
  /** Whether `@fastify/etag` gives every response an ETag, and answers 304. */
  readonly etag: boolean
}

/** `listen` first, which is answered with the address; then `tell`, as often as wanted. */
export type Order = { readonly kind: 'listen' } | { readonly kind: 'tell' }

/** Since the process began. */
export interface Told {
  /** Requests that the guard has let in. */
  readonly admitted: number
  /** Runs of the handler. */
  readonly handled: number
  /** Microseconds of processor time, of all threads. */
  readonly cpu: number
}
