import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@cache-aside/testkit'
import type { CacheStats } from '@cache-aside/nestjs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Postgres } from '../src/database/postgres.ts'
import type { EvictionEntry } from '../src/monitor/eviction-log.ts'
import { type Answer, RunningApp } from './running-app.ts'

// Each test has products of its own: p-001 to p-006 are coffee, then come tea, brewing and cups, six of each.
describe.each(['fastify', 'express'])('the catalogue on %s', (adapter) => {
  let postgres: PostgresServer
  let redis: RedisServer
  let app: RunningApp

  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    app = await RunningApp.start({ HTTP_ADAPTER: adapter, DATABASE_URL: postgres.url, REDIS_URL: redis.url })
  })
  afterAll(async () => {
    await app.nest.close()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  it('loads a product once and answers from the cache after that', async () => {
    const first = await app.get('/products/p-001')
    const second = await app.get('/products/p-001')

    expect(first).toMatchObject({ status: 200, cache: 'MISS', body: { id: 'p-001', name: 'Espresso Roast, 250 g' } })
    expect(second).toEqual({ ...first, cache: 'HIT' })
  })

  it('answers from this process what it has read from Redis', async () => {
    const nearHits = async () => ((await app.get('/stats')).body as { cache: CacheStats }).cache.nearHits
    const before = await nearHits()

    await vi.waitFor(async () => {
      expect(await app.get('/products/p-006')).toMatchObject({ body: { id: 'p-006' } })
      expect(await nearHits()).toBeGreaterThan(before)
    })
  })

  it('tells how long a product stays in the cache', async () => {
    expect((await app.get('/products/p-002/cache')).body).toEqual({ key: 'product:p-002', timeLeft: null })

    await app.get('/products/p-002')

    const { body } = await app.get('/products/p-002/cache')
    expect(body).toMatchObject({ timeLeft: expect.toSatisfy((left: number) => left > 0 && left <= 30_000) })
  })

  it('answers with the new state after a change, in this process and in another', async () => {
    const other = { fastify: 'express', express: 'fastify' }[adapter]
    await using neighbour = await RunningApp.start({
      HTTP_ADAPTER: other,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
    })
    const paths = ['/products/p-003', '/products', '/products?category=coffee']
    for (const path of paths) await neighbour.get(path)

    const changed = await app.patch('/products/p-003', { price: 1111, stock: 7 })

    expect(changed).toMatchObject({ status: 200, body: { id: 'p-003', price: 1111, stock: 7 } })
    for (const path of paths) {
      const { cache, body } = await neighbour.get(path)
      expect(cache).toBe('MISS')
      expect([body].flat()).toContainEqual(changed.body)
    }
    for (const path of paths) expect(await app.get(path)).toMatchObject({ cache: 'HIT' })
  })

  it('moves a product from the list of one category to that of another', async () => {
    const paths = ['/products?category=tea', '/products?category=cups', '/categories/tea', '/categories/cups']
    const others = ['/products?category=brewing', '/products/p-008']
    for (const path of [...paths, ...others]) await app.get(path)

    const { body: moved } = await app.patch('/products/p-007', { category: 'cups' })

    for (const path of others) expect(await app.get(path)).toMatchObject({ cache: 'HIT' })
    const [tea, cups, teaSummary, cupsSummary] = await Promise.all(paths.map((path) => app.get(path)))
    expect(tea).toMatchObject({ cache: 'MISS', body: expect.not.arrayContaining([moved]) })
    expect(cups).toMatchObject({ cache: 'MISS', body: expect.arrayContaining([moved]) })
    expect(teaSummary).toMatchObject({ body: { products: 5 } })
    expect(cupsSummary).toMatchObject({ body: { products: 7 } })
  })

  it('reads the database once for twenty readers at the same time', async () => {
    let answers: Answer[] = []

    const reads = await app.databaseReads(async () => {
      answers = await Promise.all(Array.from({ length: 20 }, () => app.get('/products/p-004')))
    })

    expect(reads).toBe(1)
    expect(answers.filter(({ cache }) => cache === 'MISS')).toHaveLength(1)
    expect(answers.filter(({ cache }) => cache === 'HIT')).toHaveLength(19)
  })

  it('does not keep the answer that a product is unknown', async () => {
    expect(await app.get('/products/p-100')).toMatchObject({
      status: 404,
      body: { message: 'There is no product p-100' },
    })
    expect(await app.get('/products/p-100')).toMatchObject({ status: 404 })

    await app.nest
      .get(Postgres)
      .pool.query(`insert into product (id, name, category, price, stock) values ('p-100', 'New', 'new', 1, 1)`)

    expect(await app.get('/products/p-100')).toMatchObject({ status: 200, cache: 'MISS' })
  })

  it('reads what a basket shows by one query, and only what is not cached', async () => {
    const ids = ['p-014', 'p-015', 'p-016']
    const show = async () => (await app.get(`/basket?ids=${ids.join()},p-999`)).body
    const before: unknown[] = []

    expect(await app.databaseReads(async () => before.push(await show()))).toBe(1)
    expect(await app.databaseReads(async () => before.push(await show()))).toBe(0)
    const { body: changed } = await app.patch('/products/p-015', { stock: 1 })
    let after: unknown
    expect(await app.databaseReads(async () => (after = await show()))).toBe(1)

    const products = ids.map((id) => expect.objectContaining({ id }))
    expect(before).toEqual([products, products])
    expect(after).toEqual([products[0], changed, products[2]])
  })

  it('keeps the answer that a category is unknown, until a product is in it', async () => {
    const reads = await app.databaseReads(async () => {
      expect(await app.get('/categories/spoons')).toMatchObject({ status: 404 })
      expect(await app.get('/categories/spoons')).toMatchObject({ status: 404 })
    })
    expect(reads).toBe(1)

    const lists = ['/products', '/products?category=spoons', '/products?category=spoons&from=a-letter']
    for (const path of lists) await app.get(path)
    const { body: moved } = await app.patch('/products/p-013', { category: 'spoons' })

    for (const path of lists) {
      expect(await app.get(path)).toMatchObject({ cache: 'MISS', body: expect.arrayContaining([moved]) })
    }
    expect(await app.get('/categories/spoons')).toMatchObject({ status: 200, body: { products: 1 } })
  })

  const loggedKeys = async () => ((await app.get('/evictions')).body as EvictionEntry[]).map(({ key }) => key)

  it('drops a product from the cache and logs that it left', async () => {
    await app.get('/products/p-005')

    expect(await app.delete('/products/p-005/cache')).toMatchObject({ status: 204 })

    expect(await app.get('/products/p-005')).toMatchObject({ cache: 'MISS' })
    // Redis tells of it on another connection than the one that it has answered on.
    while (!(await loggedKeys()).includes('product:p-005'));
  })

  it.each([
    { body: {}, message: 'expected an object with one or more of name, category, price, stock' },
    { body: [], message: 'expected an object with one or more of name, category, price, stock' },
    { body: { price: -1 }, message: 'price: expected a whole number of cents, such as 1290' },
    { body: { price: '990' }, message: 'price: expected a whole number of cents, such as 1290' },
    { body: { stock: 1.5 }, message: 'stock: expected a whole number, such as 12' },
    { body: { stock: 2 ** 31 }, message: 'stock: expected a whole number, such as 12' },
    { body: { category: '' }, message: 'category: expected a text of 1 to 100 characters' },
    { body: { name: 'a\0b' }, message: 'name: expected a text of 1 to 100 characters' },
    { body: { id: 'p-999' }, message: 'id: expected only name, category, price, stock' },
  ])('refuses to change a product by $body', async ({ body, message }) => {
    expect(await app.patch('/products/p-006', body)).toMatchObject({ status: 400, body: { message: [message] } })
    expect(await app.get('/products/p-006')).toMatchObject({ body: { price: 1250, stock: 9 } })
  })

  it('refuses a body that is no JSON', async () => {
    expect(await app.patch('/products/p-006', '{')).toMatchObject({ status: 400 })
  })

  it.each([
    '/products/%00',
    '/products/%00/cache',
    '/categories/%20',
    '/products?category=',
    '/products?category=tea&category=cups',
    `/products?category=${'c'.repeat(101)}`,
    '/basket',
    '/basket?ids=',
    '/basket?ids=p-001,,p-002',
    '/basket?ids=p-001&ids=p-002',
    `/basket?ids=${Array.from({ length: 101 }).fill('p').join()}`,
  ])('refuses to read %s', async (path) => {
    expect(await app.get(path)).toMatchObject({ status: 400, body: { message: expect.stringContaining('expected') } })
  })

  it('changes no product that is unknown', async () => {
    expect(await app.patch('/products/p-999', { stock: 1 })).toMatchObject({ status: 404 })
  })

  it('reports its stores, its counters and its health', async () => {
    expect(await app.get('/stats')).toMatchObject({
      body: {
        cache: { hits: expect.any(Number), loads: expect.any(Number) },
        postgres: `127.0.0.1:${postgres.port}, from DATABASE_URL`,
        redis: `127.0.0.1:${redis.port}, from REDIS_URL`,
      },
    })
    expect(await app.get('/health')).toEqual({
      status: 200,
      cache: null,
      body: { status: 'ok', postgres: 'up', redis: 'up' },
    })
  })
})
