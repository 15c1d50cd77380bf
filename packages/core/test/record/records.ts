import { randomUUID } from 'node:crypto'
import { CacheAside, type CacheOptions, MemoryStore, RedisStore, type Store } from '@cache-aside/core'
import { json, RecordCache, type RecordCacheOptions } from '@cache-aside/core/record'
import type { RedisServer } from '@cache-aside/testkit'
import type { Cluster, Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, onTestFinished } from 'vitest'
import { type Servers, startServers } from '../store-places.ts'

export interface Attributes {
  readonly watt: number
  readonly tags: readonly string[]
}

export const fields = {
  name: 'string',
  stock: 'number',
  active: 'boolean',
  since: 'date',
  note: 'string?',
  attributes: json<Attributes>(),
} as const

export type Products = RecordCache<typeof fields>

export const lamp = {
  name: 'Lampe “Zoë”',
  stock: 5,
  active: true,
  since: new Date(0),
  note: null,
  attributes: { watt: 60, tags: ['a', 'b'] },
}

export const settings = { name: 'product', fields, ttl: '10m', jitter: 0 } as const

export const productsOf = (
  cache: CacheAside,
  options: Partial<Omit<RecordCacheOptions<typeof fields>, 'cache'>> = {},
): Products => new RecordCache({ cache, ...settings, ...options })

/** Products in a cache on a server of the test's own, as in a process of their own. */
export function openOn(
  redis: RedisServer | CacheOptions['redis'],
  options: Partial<CacheOptions> = {},
): { readonly cache: CacheAside; readonly products: Products } {
  const target = typeof redis === 'object' && 'url' in redis ? redis.url : redis
  const cache = new CacheAside({ namespace: 'shop', redis: target, ...options } as CacheOptions)
  onTestFinished(() => cache.close())
  return { cache, products: productsOf(cache) }
}

export interface Opened {
  readonly cache: CacheAside
  readonly products: Products
  /** What a person does to the store; undefined in memory. */
  readonly redis: Redis | Cluster | undefined
  /** The key of a record, as it stands there. */
  readonly at: (id: string) => string
}

export interface Places {
  /** Two of one test share their entries, and nothing else: as in two processes. */
  readonly open: (options?: Partial<CacheOptions>) => Opened
}

const patient = { commandTimeout: 10_000 }
const memory = new MemoryStore()

interface Place {
  readonly store: (redis: Redis | Cluster | undefined) => Store
  readonly redis: (servers: Servers) => Redis | Cluster | undefined
}

const inRedis = (redis: (servers: Servers) => Redis | Cluster): Place => ({
  store: (client) => (client ? new RedisStore(client, patient) : memory),
  redis,
})

const places: readonly (readonly [string, Place])[] = [
  ['in memory', { store: () => memory, redis: () => undefined }],
  ['on a server', inRedis(({ server }) => server.client())],
  ['on a server, with a keyPrefix', inRedis(({ server }) => server.client({ keyPrefix: 'app:' }))],
  ['on a cluster', inRedis(({ cluster }) => cluster.client())],
  ['on a cluster, with a keyPrefix', inRedis(({ cluster }) => cluster.client({ keyPrefix: 'app:' }))],
]

/** A cache in Redis, and what a person does there to the record `p-1`. */
export interface OpenedInRedis extends Opened {
  readonly redis: Redis | Cluster
  /** Of the record. */
  readonly key: string
}

/** Runs the tests wherever records are hashes. */
export function onEveryRedis(what: string, tests: (open: () => OpenedInRedis) => void): void {
  const among = places.filter(([kind]) => kind !== 'in memory')
  const inRedisOf = ({ redis, ...opened }: Opened): OpenedInRedis => {
    if (!redis) throw new Error('there is no Redis')
    return { ...opened, redis, key: opened.at('p-1') }
  }
  onEveryPlace(what, ({ open }) => tests(() => inRedisOf(open())), among)
}

/** Runs the tests wherever records can live; all of a file on the same servers. */
export function onEveryPlace(what: string, tests: (places: Places) => void, among = places): void {
  describe(what, () => {
    let servers: Servers
    beforeAll(async () => {
      servers = await startServers()
    })
    afterAll(() => servers.stop())

    describe.each(among)('%s', (_kind, place) => {
      let namespace = randomUUID()
      const opened: CacheAside[] = []

      afterEach(async () => {
        namespace = randomUUID()
        await Promise.all(opened.splice(0).map((cache) => cache.close()))
      })

      tests({
        open(options = {}) {
          const redis = place.redis(servers)
          const cache = new CacheAside({ namespace, store: place.store(redis), ...options })
          opened.push(cache)
          const at = (id: string) => `${namespace}:product:${id}`
          return { cache, products: productsOf(cache), redis, at }
        },
      })
    })
  })
}
