import { startPostgres } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { Config } from '../src/config.ts'
import { migrate } from '../src/database/migrate.ts'
import { Postgres } from '../src/database/postgres.ts'

describe('the database', () => {
  it('is filled once by processes that start together, and not again after that', async () => {
    await using server = await startPostgres()
    const { pool } = await Postgres.open(new Config({ DATABASE_URL: server.url }))
    const countProducts = async () => (await pool.query<{ count: string }>('select count(*) from product')).rows

    await Promise.all(Array.from({ length: 5 }, () => migrate(pool)))
    expect(await countProducts()).toEqual([{ count: '24' }])

    await pool.query(`delete from product where id = 'p-001'`)
    await migrate(pool)
    expect(await countProducts()).toEqual([{ count: '23' }])

    await pool.end()
  })
})
