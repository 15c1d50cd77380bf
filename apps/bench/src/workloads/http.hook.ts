import { Redis } from 'ioredis'
import type { Tally } from './http.tally.ts'

/** What is used of Fastify. */
export interface HookedFastify {
  addHook(name: 'preHandler', hook: (request: Request, reply: Reply) => Promise<unknown>): unknown
  addHook(name: 'onSend', hook: (request: Request, reply: Reply, body: unknown) => Promise<unknown>): unknown
}

interface Request {
  readonly url: string
  readonly headers: Readonly<Record<string, unknown>>
}

interface Reply {
  readonly statusCode: number
  code(status: number): Reply
  header(name: string, value: string): Reply
  hasHeader(name: string): boolean
  send(body?: Buffer): Reply
}

/**
 * What is written by hand where nothing but speed counts: the bytes of the body, from Redis to the client, in front of
 * Nest. It knows this one route, asks what the guard would ask, and promises nothing.
 */
export async function addCacheHook(fastify: HookedFastify, url: string, tally: Tally): Promise<void> {
  const redis = new Redis(url)
  await redis.ping()
  fastify.addHook('preHandler', async (request, reply) => {
    if (!tally.admits(request)) return reply.code(403).send()
    const body = await redis.getBuffer(request.url)
    if (body === null) return undefined
    return reply.header('content-type', 'application/json; charset=utf-8').header('x-cache', 'HIT').send(body)
  })
  fastify.addHook('onSend', async (request, reply, body) => {
    if (reply.statusCode === 200 && !reply.hasHeader('x-cache')) await redis.set(request.url, body as string)
  })
}
