import { weakTag } from './entity-tag.ts'
import type { Framework } from './framework.ts'
import { type HttpResponse, isJsonType } from './http.ts'
import type { Sent } from './stored-response.ts'

/** What is read of Fastify's reply. */
interface Reply extends HttpResponse {
  readonly request: object
  serialize(body: unknown): unknown
}

/** What Fastify knows of a route. */
interface RouteContext {
  readonly preSerialization: unknown
  readonly schema?: { readonly response?: Readonly<Record<string, object>> }
}

/** As `reply.send` of Fastify makes text of a body. */
export class Fastify implements Framework {
  readonly #contextIn = privateOf('fastify.context')
  readonly #serializerIn = privateOf('fastify.reply.serializer')
  readonly #shown = new WeakMap<RouteContext, boolean>()

  /** Where a hook sees it before it is serialized, or has given the reply a serializer, which would get the text too. */
  showsBodies(response: HttpResponse): boolean {
    const reply = response as Reply
    const context = this.#contextIn(reply.request) as RouteContext | undefined
    // What a later version keeps elsewhere is taken for such a hook.
    if (!context || this.#serializerIn(reply) !== null) return true
    let isShown = this.#shown.get(context)
    if (isShown === undefined) {
      isShown = context.preSerialization !== null || hasSchemaByType(context)
      this.#shown.set(context, isShown)
    }
    return isShown
  }

  serialize(response: HttpResponse, body: unknown): Sent | undefined {
    const reply = response as Reply
    const type = reply.getHeader('content-type')
    if (typeof body === 'string') return sent(reply, body, type ?? 'text/plain; charset=utf-8')
    if (ArrayBuffer.isView(body)) return sent(reply, toBuffer(body), type ?? 'application/octet-stream')
    // One that the handler has given the reply makes what it likes, of which the type is its own to tell.
    const isCustom = this.#serializerIn(reply) !== null
    if (isCustom ? type === undefined : type !== undefined && !isJsonType(type)) return undefined
    const serialized = reply.serialize(body)
    if (typeof serialized !== 'string' && !Buffer.isBuffer(serialized)) return undefined
    return sent(reply, serialized, type ?? 'application/json; charset=utf-8')
  }
}

function sent(reply: Reply, body: string | Buffer, type: string | number | string[]): Sent {
  const tag = reply.getHeader('etag') === undefined ? { etag: weakTag(body) } : {}
  return { body, headers: { 'content-type': type, ...tag } }
}

const toBuffer = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)

/** `reply.serialize` knows a schema for each status, and none for each type of content. */
const hasSchemaByType = ({ schema }: RouteContext): boolean =>
  Object.values(schema?.response ?? {}).some((response) => 'content' in response)

/** Reads what Fastify has no public name for. */
function privateOf(description: string): (owner: object) => unknown {
  let name: symbol | undefined
  return (owner) => {
    name ??= Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description)
    return name && (Reflect.get(owner, name) as unknown)
  }
}
