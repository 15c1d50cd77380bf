import { once } from 'node:events'
import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@cache-aside/testkit'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { CacheAside, type CacheOptions, type RedisTarget } from '../../src/index.ts'
import {
  WriteBehind,
  type WriteBehindEntry,
  type WriteBehindEventOf,
  type WriteBehindEventType,
  type WriteBehindOptions,
} from '../../src/write-behind/index.ts'

export type Options = Omit<Partial<WriteBehindOptions<unknown>>, 'redis'> &
  Pick<WriteBehindOptions<unknown>, 'redis'> & { readonly namespace?: string; readonly caching?: Partial<CacheOptions> }
export type Opened = { readonly stock: WriteBehind<unknown>; readonly cache: CacheAside }

let opened: Opened[] = []
let namespaces = 0

afterEach(async () => {
  await Promise.all(opened.map(({ stock }) => stock.close()))
  await Promise.all(opened.map(({ cache }) => cache.close()))
  opened = []
})

/** A write-behind and its cache, closed after the test. Quick where an application is patient. */
export function open({ namespace = `test-${++namespaces}`, caching, redis, ...options }: Options): Opened {
  const cache = options.cache ?? new CacheAside({ namespace, redis, commandTimeout: '5s', ...caching })
  const stock = new WriteBehind<unknown>({
    name: 'stock',
    cache,
    redis,
    write: () => {},
    interval: '10ms',
    retryDelay: '5ms',
    drainTimeout: '200ms',
    commandTimeout: '5s',
    ...options,
  })
  opened.push({ stock, cache })
  return { stock, cache }
}

/** Runs the tests on a single Redis server and on a cluster. */
export function onEveryRedis(what: string, tests: (open: (options?: Partial<Options>) => Opened) => void): void {
  describe.each(['one server', 'a cluster'])(`${what}, on %s`, (kind) => {
    let server: RedisServer | RedisCluster
    let redis: RedisTarget

    beforeAll(async () => {
      server = kind === 'a cluster' ? await startRedisCluster() : await startRedis()
      redis = server.client()
    })
    afterAll(() => server.stop())

    tests((options = {}) => open({ redis, ...options }))
  })
}

/** The next event of a type. */
export async function next<Type extends WriteBehindEventType>(
  { events }: WriteBehind<unknown>,
  type: Type,
): Promise<WriteBehindEventOf<Type>> {
  const [event] = (await once(events as NodeJS.EventEmitter, type)) as [WriteBehindEventOf<Type>]
  return event
}

/** Every event of a type from now on. */
export function heard<Type extends WriteBehindEventType>(
  { events }: WriteBehind<unknown>,
  type: Type,
): WriteBehindEventOf<Type>[] {
  const list: WriteBehindEventOf<Type>[] = []
  events.on(type, (event) => list.push(event))
  return list
}

/** Resolves when nothing waits to be written. */
export async function allWritten(stock: WriteBehind<unknown>): Promise<void> {
  while ((await stock.stats()).pending !== 0) await new Promise(setImmediate)
}

export async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** A `write` that keeps what it was given. */
export function recording(): {
  readonly batches: (readonly WriteBehindEntry<unknown>[])[]
  readonly write: (batch: readonly WriteBehindEntry<unknown>[]) => void
} {
  const batches: (readonly WriteBehindEntry<unknown>[])[] = []
  return { batches, write: (batch) => void batches.push(batch) }
}

/** What a batch brings, in short. */
export const pairs = (batch: readonly WriteBehindEntry<unknown>[]): unknown[] =>
  batch.map(({ key, value }) => [key, value])

/** The last value of each key that was written, by key. */
export const lastOf = (batches: readonly (readonly WriteBehindEntry<unknown>[])[]): Record<string, unknown> =>
  Object.fromEntries(batches.flat().map(({ key, value }) => [key, value]))
