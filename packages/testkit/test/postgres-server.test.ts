import { type PostgresServer, startPostgres } from '@cache-aside/testkit'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(async () => {
  await postgres.stop()
})

async function query(sql: string): Promise<unknown[]> {
  const client = new Client(postgres.url)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

describe('startPostgres', () => {
  it('resolves with a server that answers', async () => {
    expect(await query('show server_version')).toEqual([{ server_version: postgres.version }])
  })

  it('keeps what was committed when it is killed', async () => {
    await query('create table kept as select 1 as id')

    await postgres.kill()
    await expect(query('select 1')).rejects.toThrow('ECONNREFUSED')

    await postgres.start()
    expect(await query('select id from kept')).toEqual([{ id: 1 }])
  })

  it('closes its connections when it is killed, and starts again at once', async () => {
    const client = new Client(postgres.url)
    const errors: unknown[] = []
    client.on('error', (error) => errors.push(error))
    await client.connect()
    const ended = new Promise<void>((resolve) => client.once('end', resolve))

    await postgres.kill()
    await ended
    await postgres.start()

    expect(errors).not.toEqual([])
    expect(await query('select 1 as id')).toEqual([{ id: 1 }])
  })
})
