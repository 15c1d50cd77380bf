import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { MemoryStore } from '../protocol/memory-store.ts'
import { RedisStore } from '../protocol/redis-store.ts'
import { type CacheOptions, resolveOptions } from './options.ts'

const resolveRedis = (redis: unknown) => resolveOptions({ namespace: 'shop', redis } as CacheOptions)

describe('the place of the entries', () => {
  const opened: { disconnect(): void }[] = []
  const given = <Client extends Redis | Cluster>(client: Client): Client => {
    opened.push(client)
    return client
  }
  afterEach(() => {
    for (const client of opened.splice(0)) client.disconnect()
  })
  const nodes = [{ host: 'localhost', port: 1 }]
  const sentinels = { sentinels: [{ host: 'localhost', port: 1 }], name: 'main' }

  it('is either redis or store: neither is refused', () => {
    expect(() => resolveOptions({ namespace: 'shop' })).toThrow(
      `option "redis": expected either redis, such as 'redis://localhost:6379', or store, got neither`,
    )
  })

  it('is either redis or store: both are refused', () => {
    expect(() =>
      resolveOptions({ namespace: 'shop', store: new MemoryStore(), redis: 'redis://localhost:6379' }),
    ).toThrow(`option "redis": expected either redis, such as 'redis://localhost:6379', or store, got both`)
  })

  it.each([
    'redis://localhost:6379',
    'rediss://user:pass@redis.example.com:6380/1',
    'redis://[::1]:6379?db=2',
    '/run/redis.sock',
  ])('may be the URL %j', (url) => {
    expect(resolveRedis(url)).toMatchObject({ store: expect.any(RedisStore) as RedisStore, ownsStore: true })
  })

  it('may be ioredis options', () => {
    expect(resolveRedis({ host: 'localhost', port: 1 }).ownsStore).toBe(true)
  })

  it('may be a store, which stays its owner’s to close', () => {
    const store = new MemoryStore()

    expect(resolveOptions({ namespace: 'shop', store })).toMatchObject({ store, ownsStore: false })
  })

  it('may be a client, of a server, of sentinels or of a cluster', () => {
    const clients = [
      new Redis({ lazyConnect: true }),
      new Redis({ ...sentinels, lazyConnect: true }),
      new Cluster(nodes, { lazyConnect: true }),
    ]

    for (const client of clients) expect(resolveRedis(given(client)).store).toBeInstanceOf(RedisStore)
  })

  it('is not connected to before it is used', () => {
    const client = given(new Redis({ lazyConnect: true }))

    resolveRedis(client)

    expect(client.status).toBe('wait')
  })

  it.each(['', 'localhost', 'localhost:6379', 'http://localhost:6379', 'redis:/localhost', 'redis://host:port'])(
    'is not %j',
    (url) => {
      expect(problemsOf(() => resolveRedis(url))).toEqual([
        { option: 'redis', expected: "a URL such as 'redis://localhost:6379'", got: 'a string that is not one' },
      ])
    },
  )

  it.each([
    [null, 'null'],
    [6379, '6379'],
    [true, 'true'],
  ])('is not %j', (redis, got) => {
    expect(problemsOf(() => resolveRedis(redis))).toEqual([
      { option: 'redis', expected: 'an ioredis client, a URL or ioredis options', got },
    ])
  })

  const secret = 'S3cret'
  it.each<[string, object]>([
    ['a URL that is none', { redis: `http://user:${secret}@redis.example.com` }],
    ['a URL that cannot be read', { redis: `redis://user:${secret}@host:port` }],
    ['a URL beside a store', { store: new MemoryStore(), redis: `redis://user:${secret}@redis.example.com` }],
    ['a URL as the store', { store: `redis://user:${secret}@redis.example.com` }],
    ['ioredis options with a password', { redis: { password: secret }, ttl: 0 }],
  ])('is not given away by the message: %s', (_what, options) => {
    const error = thrownBy(() => resolveOptions({ namespace: 'shop', ...options }))

    expect(error).toBeInstanceOf(InvalidOptionsError)
    expect(JSON.stringify([String(error), error])).not.toContain(secret)
  })

  it.each<[string, () => Redis | Cluster | RedisOptions]>([
    ['a client with enableAutoPipelining', () => new Redis({ lazyConnect: true, enableAutoPipelining: true })],
    ['a cluster client with it', () => new Cluster(nodes, { lazyConnect: true, enableAutoPipelining: true })],
    ['options with it', () => ({ enableAutoPipelining: true })],
    [
      'a cluster client with stringNumbers',
      () => new Cluster(nodes, { lazyConnect: true, redisOptions: { stringNumbers: true } }),
    ],
    ['a client with stringNumbers', () => new Redis({ lazyConnect: true, stringNumbers: true })],
  ])('is refused where replies would not be read: %s', (_what, redis) => {
    const target = redis()
    if (target instanceof Redis || target instanceof Cluster) given(target)

    expect(problemsOf(() => resolveRedis(target))).toMatchObject([{ option: 'redis', got: 'one with them' }])
  })

  it.each<[string, () => Redis | Cluster | RedisOptions]>([
    ['a cluster client that reads from replicas', () => new Cluster(nodes, { lazyConnect: true, scaleReads: 'slave' })],
    ['a cluster client that reads from any node', () => new Cluster(nodes, { lazyConnect: true, scaleReads: 'all' })],
    [
      'a cluster client that chooses where to read',
      () => new Cluster(nodes, { lazyConnect: true, scaleReads: () => [] }),
    ],
    ['a client of the replicas of sentinels', () => new Redis({ ...sentinels, role: 'slave', lazyConnect: true })],
    ['options for the replicas of sentinels', () => ({ ...sentinels, role: 'slave' })],
  ])('is refused where a replica answers reads: %s', (_what, redis) => {
    const target = redis()
    if (target instanceof Redis || target instanceof Cluster) given(target)

    expect(problemsOf(() => resolveRedis(target))).toEqual([
      {
        option: 'redis',
        expected: 'a client that reads from masters, because a replica can be behind an invalidation',
        got: 'one that reads from replicas',
      },
    ])
  })
})

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

function problemsOf(act: () => unknown): readonly OptionProblem[] {
  const error = thrownBy(act)
  if (error instanceof InvalidOptionsError) return error.problems
  throw error
}
