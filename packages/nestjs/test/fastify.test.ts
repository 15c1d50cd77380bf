import { Controller, Get, type INestApplication, Param, UseInterceptors } from '@nestjs/common'
import { RouteSchema } from '@nestjs/platform-fastify'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

/** What the tests need of Fastify's own instance. */
interface Instance {
  addHook(name: string, hook: (request: unknown, reply: Reply, body: object) => Promise<unknown>): unknown
  setReplySerializer(serialize: (body: unknown) => string): unknown
}

interface Reply {
  serializer(serialize: (body: unknown) => string): unknown
}

const platform = platforms.find(({ name }) => name === 'Fastify') ?? platforms[0]!
const schema = { type: 'object', properties: { id: { type: 'number' }, name: { type: 'string' } } }

@Controller()
class Products {
  @Get('uncached')
  uncached() {
    return { id: 1, name: 'chair', secret: 1 }
  }

  @Get('cached/:id')
  @UseInterceptors(CacheAsideInterceptor)
  cached(@Param('id') _id: string) {
    return { id: 1, name: 'chair', secret: 1 }
  }

  @Get('schema')
  @RouteSchema({ response: { '2xx': schema } })
  @UseInterceptors(CacheAsideInterceptor)
  withSchema() {
    return { id: '1', name: 'chair', secret: 1 }
  }

  @Get('schema-by-type')
  @RouteSchema({ response: { 200: { content: { 'application/json': { schema } } } } })
  @UseInterceptors(CacheAsideInterceptor)
  withSchemaByType() {
    return { id: '1', name: 'chair', secret: 1 }
  }
}

const start = (configure: (fastify: Instance) => void = () => {}) =>
  startApp({
    platform,
    controllers: [Products],
    configure: (nest: INestApplication) => configure(nest.getHttpAdapter().getInstance() as Instance),
  })

describe('on Fastify, a stored response', () => {
  it.each(['/schema', '/schema-by-type'])('is as the schema of its route makes it: %s', async (path) => {
    const app = await start()

    const answers = [await app.get(path), await app.get(path)]

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual([
      'MISS {"id":1,"name":"chair"}',
      'HIT {"id":1,"name":"chair"}',
    ])
  })

  it('is a body again for a hook before serialization', async () => {
    let sent = 0
    const app = await start((fastify) =>
      fastify.addHook('preSerialization', async (_request, _reply, body) => ({
        ...body,
        secret: undefined,
        sent: ++sent,
      })),
    )

    const answers = [await app.get('/cached/1'), await app.get('/cached/1')]

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual([
      'MISS {"id":1,"name":"chair","sent":1}',
      'HIT {"id":1,"name":"chair","sent":2}',
    ])
  })

  it('is text for a hook before it is sent, as without a cache', async () => {
    const seen: unknown[] = []
    const app = await start((fastify) =>
      fastify.addHook('onSend', async (_request, _reply, body) => {
        seen.push(body)
        return body
      }),
    )

    await app.get('/uncached')
    await app.get('/cached/1')
    await app.get('/cached/1')

    expect(seen).toEqual(Array(3).fill('{"id":1,"name":"chair","secret":1}'))
  })

  it('is as the serializer of the application makes it', async () => {
    const app = await start((fastify) => fastify.setReplySerializer((body) => `{"data":${JSON.stringify(body)}}`))

    const plain = await app.get('/uncached')
    const answers = [await app.get('/cached/1'), await app.get('/cached/1')]

    expect(plain.text).toMatch(/^{"data":/)
    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ['MISS', plain.text],
      ['HIT', plain.text],
    ])
  })

  it('is as a serializer makes it that a hook gives to every reply', async () => {
    const app = await start((fastify) =>
      fastify.addHook('onRequest', async (_request, reply) => {
        reply.serializer((body: unknown) => `{"data":${JSON.stringify(body)}}`)
      }),
    )

    const plain = await app.get('/uncached')
    const answers = [await app.get('/cached/1'), await app.get('/cached/1')]

    expect(plain.text).toMatch(/^{"data":{"id"/)
    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ['MISS', plain.text],
      ['HIT', plain.text],
    ])
  })
})
