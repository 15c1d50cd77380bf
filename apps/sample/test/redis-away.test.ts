import { type PostgresServer, startPostgres, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { CacheBackend } from '../src/cache/cache-backend.ts'
import { type Answer, RunningApp } from './running-app.ts'

describe.each(['fastify', 'express'])('the catalogue without its Redis, on %s', (adapter) => {
  let postgres: PostgresServer

  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await postgres.stop()
  })

  it('answers every request while Redis is killed and comes back, and then from the cache again', async () => {
    await using redis = await startRedis()
    await using app = await RunningApp.start({
      HTTP_ADAPTER: adapter,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
    })
    const { redis: connection } = app.nest.get(CacheBackend)
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
    expect(await app.patch('/products/p-001', { stock: 3 })).toMatchObject({ status: 200, body: { stock: 3 } })
    const back = new Promise<void>((resolve) => connection?.once('ready', resolve))
    await redis.start()
    await back
    await someTraffic()

    traffic.abort()
    await readers
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    await app.get('/products/p-001')
    expect(await app.get('/products/p-001')).toMatchObject({ cache: 'HIT', body: { stock: 3 } })
    expect(await app.get('/health')).toMatchObject({ body: { status: 'ok' } })
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
