import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Postgres } from '../src/database/postgres.ts'
import type { Sale } from '../src/stock/stock.service.ts'
import { type Answer, RunningApp } from './running-app.ts'

// Each test has products of its own.
describe.each([
  { adapter: 'fastify', place: 'Redis' },
  { adapter: 'express', place: 'Redis' },
  { adapter: 'fastify', place: 'memory' },
])('the stock on $adapter, cached in $place', ({ adapter, place }) => {
  let postgres: PostgresServer
  let redis: RedisServer
  let app: RunningApp

  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    // No redis-server to be found: the cache is in memory.
    if (place === 'memory') vi.stubEnv('PATH', '')
    app = await RunningApp.start({
      HTTP_ADAPTER: adapter,
      DATABASE_URL: postgres.url,
      REDIS_URL: place === 'Redis' ? redis.url : undefined,
    })
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await app?.nest.close()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  const stockOf = ({ body }: Answer) => (body as { stock: number }).stock
  const inDatabase = async (id: string) => {
    const { rows } = await app.nest.get(Postgres).pool.query<Sale>('select stock from product where id = $1', [id])
    return rows[0]?.stock
  }

  it('is loaded once, and written in place by a sale: the next read loads nothing', async () => {
    let first: Answer | undefined
    let sale: Answer | undefined
    let after: Answer | undefined

    expect(await app.databaseReads(async () => (first = await app.get('/stock/p-001')))).toBe(1)
    sale = await app.post('/stock/p-001/sales')
    expect(await app.databaseReads(async () => (after = await app.get('/stock/p-001')))).toBe(0)

    expect(first).toMatchObject({ status: 200, body: { stock: 64 } })
    expect(sale).toMatchObject({ status: 201, body: { id: 'p-001', stock: 63, cached: 'updated' } })
    expect(after).toMatchObject({ status: 200, body: { stock: 63, updatedAt: (sale.body as Sale).updatedAt } })
    expect(await app.get('/stock/p-001/cache')).toMatchObject({
      body: { key: 'stock:p-001', fields: { name: 'Espresso Roast, 250 g', stock: 63 } },
    })
  })

  it('is not cached by a sale', async () => {
    expect(await app.post('/stock/p-002/sales')).toMatchObject({ body: { stock: 40, cached: 'uncached' } })
    expect(await app.get('/stock/p-002/cache')).toMatchObject({ body: { fields: null } })
    expect(await app.get('/stock/p-002')).toMatchObject({ body: { stock: 40 } })
  })

  it('is never sold twice, and never read as it was before a sale that is answered', async () => {
    await app.get('/stock/p-005')

    const buyers = Array.from({ length: 20 }, async () => {
      const sale = await app.post('/stock/p-005/sales')
      const read = await app.get('/stock/p-005')
      if (sale.status === 201) expect(stockOf(read)).toBeLessThanOrEqual(stockOf(sale))
      return sale
    })
    const sales = await Promise.all(buyers)

    // There were 12.
    const sold = sales.filter(({ status }) => status === 201)
    expect(sold.map(stockOf).toSorted((one, another) => one - another)).toEqual([...Array(12).keys()])
    expect(sales.filter(({ status }) => status === 409)).toHaveLength(8)
    expect(await inDatabase('p-005')).toBe(0)
    expect(await app.get('/stock/p-005')).toMatchObject({ body: { stock: 0 } })
  })

  it('is the same wherever it is shown', async () => {
    const paths = ['/products/p-003', '/products', '/products?category=coffee', '/basket?ids=p-003']
    for (const path of [...paths, '/categories/coffee', '/stock/p-003']) await app.get(path)
    const { body: before } = await app.get('/categories/coffee')

    const { body } = await app.post('/stock/p-003/sales')

    const { cached, ...sold } = body as Sale
    expect(cached).toBe('updated')
    for (const path of paths) expect([(await app.get(path)).body].flat()).toContainEqual(sold)
    expect(await app.get('/categories/coffee')).toMatchObject({ body: { stock: (before as Sale).stock - 1 } })
  })

  it('is void when the product is changed, or dropped from the cache', async () => {
    await app.get('/stock/p-004')

    await app.patch('/products/p-004', { name: 'Cold Brew', stock: 5 })
    expect(await app.get('/stock/p-004')).toMatchObject({ body: { stock: 5 } })
    expect(await app.get('/stock/p-004/cache')).toMatchObject({ body: { fields: { name: 'Cold Brew', stock: 5 } } })

    await app.delete('/products/p-004/cache')
    expect(await app.get('/stock/p-004/cache')).toMatchObject({ body: { fields: null } })
  })

  it('is not there for a product that is unknown', async () => {
    expect(await app.get('/stock/p-999')).toMatchObject({ status: 404 })
    expect(await app.post('/stock/p-999/sales')).toMatchObject({ status: 404 })
    expect(await app.get('/stock/%00')).toMatchObject({ status: 400 })
    expect(await app.post('/stock/%00/sales')).toMatchObject({ status: 400 })
  })
})

it('is read by all processes as one has sold it, and nothing is loaded for that', async () => {
  await using postgres = await startPostgres()
  await using redis = await startRedis()
  const start = () => RunningApp.start({ DATABASE_URL: postgres.url, REDIS_URL: redis.url })
  await using app = await start()
  await using neighbour = await start()
  for (const each of [app, neighbour]) await each.get('/stock/p-006')

  expect(await app.post('/stock/p-006/sales')).toMatchObject({ body: { stock: 8, cached: 'updated' } })

  const sold = async () => expect(await neighbour.get('/stock/p-006')).toMatchObject({ body: { stock: 8 } })
  // What a process has kept in itself is void a moment later.
  expect(await neighbour.databaseReads(() => vi.waitFor(sold, { timeout: 15_000 }))).toBe(0)
})
