import type { OutgoingHttpHeaders } from 'node:http'
import type { CachePolicyOptions } from './route-settings.ts'

interface Replayed {
  readonly format: 1
  readonly status: number
  /** Those the handler set; what stands around it sets its own on every request. */
  readonly headers: OutgoingHttpHeaders
}

/** With the body that the handler gave, for those outside of the cache that see it: the framework serializes it for each hit. */
export interface Given extends Replayed {
  readonly kind: 'response'
  readonly body: unknown
  /** Of a body of bytes, which JSON cannot hold. */
  readonly encoding?: 'base64'
}

/** With the body as the framework has serialized it once, its type and its entity tag among the headers. */
export interface Serialized extends Replayed {
  readonly kind: 'serialized'
  readonly as: 'text' | 'bytes' | 'nothing'
  readonly body: string | Buffer | null
}

/** What a route answered, as it stands in the cache. `format` is raised when a reader of the old one would go wrong. */
export type StoredResponse =
  | Given
  | Serialized
  /** This route's response may not be stored: whoever finds this runs the handler at once. */
  | { readonly format: 1; readonly kind: 'pass' }

export type Replayable = Given | Serialized

/** A response that is about to go out. */
export interface Outgoing {
  readonly status: number
  readonly headersBefore: OutgoingHttpHeaders
  readonly headers: OutgoingHttpHeaders
  readonly body: unknown
}

/** A body as a framework sends it. */
export interface Sent {
  readonly body: Serialized['body']
  /** Those that the framework gives it: its type, and an entity tag. */
  readonly headers: OutgoingHttpHeaders
}

/** Why a response may not be stored. */
export type Refusal = 'status' | 'headers' | 'body' | 'instances'

export const pass: StoredResponse = { format: 1, kind: 'pass' }

/** Tells a stored response from a value that something else has put under the same key. */
export function isStoredResponse(value: unknown): value is StoredResponse {
  if (typeof value !== 'object' || value === null) return false
  const { format, kind } = value as Partial<StoredResponse>
  return format === 1 && (kind === 'response' || kind === 'serialized' || kind === 'pass')
}

/** @param given The body as the handler gave it. */
export function toGiven({ status, headersBefore, headers, body: given }: Outgoing): Given {
  const response = { format: 1, kind: 'response', status, headers: ownHeaders(headersBefore, headers) } as const
  if (!(given instanceof Uint8Array)) return { ...response, body: given }
  return { ...response, body: Buffer.from(given).toString('base64'), encoding: 'base64' }
}

/** @param sent The body as it goes out, and the headers that the framework would give it. */
export function toSerialized({ status, headersBefore, headers }: Outgoing, { body, ...described }: Sent): Serialized {
  const own = { ...described.headers, ...ownHeaders(headersBefore, headers) }
  const as = body === null ? 'nothing' : typeof body === 'string' ? 'text' : 'bytes'
  return { format: 1, kind: 'serialized', status, headers: own, as, body }
}

/** Tells what can be answered with from what cannot. */
export function isReplayable(value: unknown): value is Replayable {
  return isStoredResponse(value) && value.kind !== 'pass'
}

/** The body for what stands outside of the cache: as the handler gave it, after a trip through the codec, or as it is sent. */
export function bodyOf(stored: Replayable): unknown {
  if (stored.kind === 'serialized') return stored.body
  return stored.encoding === 'base64' ? Buffer.from(stored.body as string, 'base64') : stored.body
}

/** The first reason not to store a response, or undefined if it may be. `keyed`: the route has a `@CacheKey` of its own. */
export function refusal(outgoing: Outgoing, policy: CachePolicyOptions, keyed: boolean): Refusal | undefined {
  const { status, body } = outgoing
  if (status !== 200 && !policy.statuses?.includes(status)) return 'status'
  if (isPrivate(outgoing.headers) || (!keyed && variesByItself(outgoing))) return 'headers'
  if (body === undefined || isStream(body)) return 'body'
  if (policy.instances !== 'plain' && hasInstance(body)) return 'instances'
  return undefined
}

/** Written for each response anew, by the server or by the interceptor. */
const perResponse: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'date',
  'x-cache',
])

function ownHeaders(before: OutgoingHttpHeaders, after: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const own = Object.entries(after).filter(
    ([name, value]) => !perResponse.has(name) && String(value) !== String(before[name]),
  )
  return Object.fromEntries(own)
}

function isPrivate({ 'set-cookie': cookies, 'cache-control': cacheControl }: OutgoingHttpHeaders): boolean {
  return cookies !== undefined || tokens(cacheControl).some((directive) => /^(private|no-store)\b/.test(directive))
}

/**
 * Whether the response depends on request headers that the key does not hold. CORS and compression stand around the
 * handler: what they vary by does not reach the stored response, if they have said so before it ran.
 */
function variesByItself({ headersBefore, headers }: Outgoing): boolean {
  const before = tokens(headersBefore['vary'])
  return tokens(headers['vary']).some((name) => !(/^(origin|accept-encoding)$/.test(name) && before.includes(name)))
}

function tokens(header: OutgoingHttpHeaders[string]): string[] {
  return String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '')
}

/** Bodies that can be read once: Node's and the web's streams, `StreamableFile`, `Response`, Observables, generators. */
function isStream(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  const readers = ['pipe', 'getReader', 'getStream', 'arrayBuffer', 'subscribe', Symbol.asyncIterator]
  return readers.some((reader) => typeof Reflect.get(body, reader) === 'function')
}

/** Whether a part of `body` has a class that somebody outside of the cache could go by. */
function hasInstance(body: unknown): boolean {
  const seen = new Set<unknown>()
  const open = [body]
  for (const value of open) {
    if (typeof value !== 'object' || value === null || seen.has(value) || value instanceof Uint8Array) continue
    seen.add(value)
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') {
      // A Date, a Decimal, an ObjectId become text or a number: there is nothing to exclude from one value.
      if (typeof toJSON.call(value, '') === 'object') return true
      continue
    }
    if (!Array.isArray(value) && !isPlainObject(value)) return true
    // One by one: an array can be longer than the arguments of a call.
    for (const child of Object.values(value)) open.push(child)
  }
  return false
}

/** Made by `{}`, by JSON or with no prototype; in any realm, so that tests in a vm context see the same. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
