import { type PostgresServer, startPostgres } from '@cache-aside/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Postgres } from '../src/database/postgres.ts'
import { RunningApp } from './running-app.ts'

const second = 1_000

// The cache is in the memory of the process, whose clock these tests set.
describe.each(['fastify', 'express'])('a product that is no longer fresh, on %s', (adapter) => {
  let postgres: PostgresServer

  beforeEach(async () => {
    postgres = await startPostgres()
    vi.stubEnv('PATH', '')
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.unstubAllEnvs()
    await postgres.stop()
  })
  const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)

  it('is shown at once for 30 s more, and loaded anew behind that', async () => {
    await using app = await RunningApp.start({ HTTP_ADAPTER: adapter, DATABASE_URL: postgres.url })
    const { body: old } = await app.get('/products/p-001')
    await app.nest.get(Postgres).pool.query(`update product set stock = 5 where id = 'p-001'`)

    pass(31 * second)
    const filled = app.next('fill')
    const stale = await app.get('/products/p-001')
    await filled
    const fresh = await app.get('/products/p-001')

    expect(stale).toEqual({ status: 200, cache: 'STALE', body: old })
    expect(fresh).toMatchObject({ status: 200, cache: 'HIT', body: { stock: 5 } })
  })

  it('is shown for an hour while Postgres is away', async () => {
    await using app = await RunningApp.start({ HTTP_ADAPTER: adapter, DATABASE_URL: postgres.url })
    const { body: known } = await app.get('/products/p-001')
    await postgres.kill()

    pass(60 * second)
    const answers = [await app.get('/products/p-001'), await app.get('/products/p-002')]
    pass(3_600 * second)
    const late = await app.get('/products/p-001')

    expect(answers[0]).toEqual({ status: 200, cache: 'STALE', body: known })
    expect([answers[1], late].map((answer) => answer?.status)).toEqual([500, 500])
  })
})
