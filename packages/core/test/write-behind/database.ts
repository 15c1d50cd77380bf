import { type RedisServer, startRedis } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import type { WriteBehindEntry } from '../../src/write-behind/index.ts'

/** One write that has reached the database. */
interface Written {
  readonly id: string
  readonly key: string
  readonly value: unknown
}

/** As `insert … on conflict (key) do update`; fenced: `… where row.id < excluded.id`. */
const upsert = `
  redis.call('RPUSH', 'log', ARGV[2])
  local row = redis.call('HGET', 'rows', ARGV[1])
  if ARGV[4] == 'fenced' and row and cjson.decode(row).id >= ARGV[3] then return end
  redis.call('HSET', 'rows', ARGV[1], ARGV[2])`

/** What is written to behind the cache: rows, and the order in which writes arrived. It is a Redis of its own. */
export interface Database {
  write(batch: readonly WriteBehindEntry<unknown>[], how?: { readonly fenced?: boolean }): Promise<void>
  /** Every write, in the order of their arrival. */
  log(): Promise<Written[]>
  /** How many there were. */
  writes(): Promise<number>
  /** The value of a row. */
  row(key: string): Promise<unknown>
}

export function databaseAt(port: number): Database {
  const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true })
  // A test ends it while others may still write.
  client.on('error', () => {})
  return {
    async write(batch, { fenced = false } = {}) {
      const transaction = client.multi()
      for (const { id, key, value } of batch) {
        transaction.eval(upsert, 0, key, JSON.stringify({ id, key, value }), id, fenced ? 'fenced' : '')
      }
      await transaction.exec()
    },
    log: async () => (await client.lrange('log', 0, -1)).map((line) => JSON.parse(line) as Written),
    writes: () => client.llen('log'),
    row: async (key) => {
      const row = await client.hget('rows', key)
      return row === null ? undefined : (JSON.parse(row) as Written).value
    },
  }
}

export async function startDatabase(): Promise<{ readonly server: RedisServer; readonly database: Database }> {
  const server = await startRedis()
  return { server, database: databaseAt(server.port) }
}
