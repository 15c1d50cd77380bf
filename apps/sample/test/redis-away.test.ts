import { randomUUID } from 'node:crypto'
import { type PostgresServer, type RedisServer, startFaultProxy, startPostgres, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Answer, RunningApp } from './running-app.ts'

/** But for what is said of the near cache, whose connection is its own. */
const ofRedis = (log: readonly string[]) => log.filter((line) => !line.includes('What others change'))

const changesOfState = [
  expect.stringMatching(/^warn: Redis is away/),
  expect.stringMatching(/^warn: Invalidations are pending/),
  expect.stringMatching(/^log: Redis is back/),
  expect.stringMatching(/^log: Invalidations are replayed/),
]

describe.each(['fastify', 'express'])('the catalogue without its Redis, on %s', (adapter) => {
  let postgres: PostgresServer
  let redis: RedisServer

  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  const start = (redisUrl: string) =>
    RunningApp.start({ HTTP_ADAPTER: adapter, DATABASE_URL: postgres.url, REDIS_URL: redisUrl })

  it('answers every request while Redis is killed and comes back, and then from the cache again', async () => {
    await using app = await start(redis.url)
    const answers: Answer[] = []
    const traffic = new AbortController()
    const reader = async () => {
      while (!traffic.signal.aborted) answers.push(await app.get('/products/p-001'))
    }
    const readers = Promise.all([reader(), reader(), reader()])
    const someTraffic = async () => {
      for (const enough = answers.length + 20; answers.length < enough; ) await app.get('/health')
    }

    await someTraffic()
    await redis.kill()
    await someTraffic()
    expect(await app.get('/health')).toMatchObject({
      status: 200,
      body: { status: 'degraded', postgres: 'up', redis: 'down' },
    })
    for (const stock of [1, 2, 3]) {
      expect(await app.patch('/products/p-001', { stock })).toMatchObject({ status: 200, body: { stock } })
      expect(await app.get('/products/p-001')).toMatchObject({ status: 200, body: { stock } })
    }
    const replayed = app.next('invalidate-replayed')
    await redis.start()
    await replayed
    await someTraffic()

    traffic.abort()
    await readers
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    await app.get('/products/p-001')
    expect(await app.get('/products/p-001')).toMatchObject({ cache: 'HIT', body: { stock: 3 } })
    expect(await app.get('/health')).toMatchObject({ body: { status: 'ok' } })
    expect(ofRedis(app.log)).toEqual(changesOfState)
  })

  it('shows a change to the process that made it at once, and to others when it reaches Redis again', async () => {
    const proxy = await startFaultProxy({ port: redis.port })
    onTestFinished(() => proxy.close())
    await using neighbour = await start(redis.url)
    await using app = await start(proxy.url)
    const paths = ['/products/p-002', '/products', '/products?category=coffee', '/categories/coffee']
    for (const path of paths) await neighbour.get(path)

    const away = app.next('degraded')
    proxy.refuse()
    proxy.cut()
    await away
    const { body: changed } = await app.patch('/products/p-002', { stock: 3 })
    const [here] = await Promise.all(paths.map((path) => app.get(path)))
    const replayed = app.next('invalidate-replayed')
    await proxy.accept()
    await replayed

    expect(here).toMatchObject({ status: 200, body: changed })
    // What reached Redis by itself is void in the near cache of another process a moment later.
    const afterHits = async (path: string) => {
      for (;;) {
        const answer = await neighbour.get(path)
        if (answer.cache !== 'HIT') return answer
      }
    }
    for (const path of paths.slice(0, 3)) {
      const { cache, body } = await afterHits(path)
      expect([cache, [body].flat()]).toEqual(['MISS', expect.arrayContaining([changed])])
    }
    const { body: summary } = await app.get('/categories/coffee')
    await vi.waitFor(async () => expect((await neighbour.get('/categories/coffee')).body).toEqual(summary))
    expect(ofRedis(app.log)).toEqual(changesOfState)
  })

  it('sells and chats all the same, and shows it to others when Redis can be reached again', async () => {
    const proxy = await startFaultProxy({ port: redis.port })
    onTestFinished(() => proxy.close())
    await using neighbour = await start(redis.url)
    await using app = await start(proxy.url)
    const chat = `/chats/${randomUUID()}/messages`
    for (const each of [neighbour, app]) {
      await each.get('/stock/p-010')
      await each.get(chat)
    }
    const question = 'How do I return a product?'

    const away = app.next('degraded')
    proxy.refuse()
    proxy.cut()
    await away
    const sale = await app.post('/stock/p-010/sales')
    const replies = [await app.post(chat, { question }), await app.post(chat, { question: 'Can I return a product?' })]
    const here = [await app.get('/stock/p-010'), await app.get(chat)]
    const replayed = app.next('invalidate-replayed')
    await proxy.accept()
    await replayed

    const { stock } = sale.body as { stock: number }
    expect(sale).toMatchObject({ status: 201, body: { stock: 30, cached: 'pending' } })
    for (const reply of replies) {
      expect(reply).toMatchObject({ status: 201, body: { text: expect.stringContaining('30 days'), hit: false } })
    }
    const said = ['user', 'assistant', 'user', 'assistant'].map((role) => expect.objectContaining({ role }))
    expect(here).toMatchObject([{ body: { stock } }, { body: said }])
    const there = async () => {
      expect(await neighbour.get('/stock/p-010')).toMatchObject({ body: { stock } })
      expect(await neighbour.get(chat)).toMatchObject({ body: said })
    }
    await vi.waitFor(there, { timeout: 15_000 })
  })

  it('keeps the cache in memory where there is no Redis at all', async () => {
    vi.stubEnv('PATH', '')
    await using app = await RunningApp.start({ HTTP_ADAPTER: adapter, DATABASE_URL: postgres.url })

    expect(await app.get('/products/p-002')).toMatchObject({ cache: 'MISS' })
    expect(await app.get('/products/p-002')).toMatchObject({ cache: 'HIT' })
    await app.patch('/products/p-002', { stock: 4 })
    expect(await app.get('/products/p-002')).toMatchObject({ cache: 'MISS', body: { stock: 4 } })
    expect(await app.get('/stats')).toMatchObject({
      body: { redis: 'none: the cache is in the memory of this process' },
    })
    expect(await app.get('/health')).toMatchObject({ status: 200, body: { status: 'ok', redis: 'none' } })
  })
})
