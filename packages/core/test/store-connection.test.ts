import { leaseHead } from '../src/entry/entry.ts'
import { inspect } from 'node:util'
import { ConnectionError, RedisStore, type RedisTarget } from '@cache-aside/core'
import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@cache-aside/testkit'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { mine, newKey, rawAt, value } from './protocol/standing.ts'

const password = 'S3cret'

let server: RedisServer
let cluster: RedisCluster
/** Nobody listens on its port. */
let gone: RedisServer
beforeAll(async () => {
  ;[server, cluster, gone] = await Promise.all([startRedis(), startRedisCluster(), startRedis()])
  await server.cli('ACL', 'SETUSER', 'shop', 'on', `>${password}`, '~*', '&*', '+@all')
  await gone.kill()
})
afterAll(() => Promise.all([server.stop(), cluster.stop(), gone.stop()]))

const urlOf = ({ port }: RedisServer, secret = password) => `redis://shop:${secret}@127.0.0.1:${port}`

/** A client of a cluster whose one node is this server, and whose password is wrong. */
function clusterOf({ port }: RedisServer): Cluster {
  const client = new Cluster([{ host: '127.0.0.1', port }], {
    redisOptions: { username: 'shop', password: `${password}wrong` },
  })
  client.on('error', () => {})
  onTestFinished(() => client.disconnect())
  return client
}

/** Names of the connections that the server has. */
async function connections(): Promise<string[]> {
  const list = String(await server.cli('CLIENT', 'LIST'))
  return [...list.matchAll(/ name=(\S+)/g)].map(([, name = '']) => name)
}

describe('a client that was given to a store', () => {
  it.each([
    ['of a server', () => server.client()],
    ['of a cluster', () => cluster.client()],
  ])('is left open and as it was when the store closes: %s', async (_whose, newClient) => {
    const client = newClient()
    const listeners = () => client.eventNames().map((event) => [event, client.listenerCount(event)])
    const before = listeners()
    const store = new RedisStore(client)
    await store.connect()

    await store.close()

    expect(await client.ping()).toBe('PONG')
    expect(listeners()).toEqual(expect.arrayContaining(before))
    expect(client.listenerCount('ready')).toBe(before.find(([event]) => event === 'ready')?.[1] ?? 0)
  })
})

describe('a connection that a store has opened', () => {
  it.each<[string, string, (name: string) => RedisTarget]>([
    ['a URL', 'by-url', (name) => `${urlOf(server)}?connectionName=${name}`],
    [
      'ioredis options',
      'by-options',
      (name) => ({ host: '127.0.0.1', port: server.port, username: 'shop', password, connectionName: name }),
    ],
  ])('is closed with it: of %s', async (_what, name, target) => {
    const store = new RedisStore(target(name))
    await store.connect()
    expect(await connections()).toContain(name)

    await store.close()

    expect(await connections()).not.toContain(name)
    await expect(rawAt(store, 'shop:k')).rejects.toThrow('not connected to Redis')
  })

  it('is opened by the first use', async () => {
    const store = new RedisStore(`${urlOf(server)}?connectionName=first-use`)
    expect(await connections()).not.toContain('first-use')

    await rawAt(store, 'shop:k')

    expect(await connections()).toContain('first-use')
    await store.close()
  })

  it('is not opened to be closed', async () => {
    const made = async () => /total_connections_received:(\d+)/.exec(String(await server.cli('INFO', 'stats')))?.[1]
    const store = new RedisStore(urlOf(server))
    const before = Number(await made())

    await store.close()

    // One is that of the question.
    expect(Number(await made())).toBe(before + 1)
  })

  it('may be closed twice', async () => {
    const store = new RedisStore(urlOf(server))
    await store.connect()
    await store.close()

    await store.close()
  })

  it('may be closed where no server answers', async () => {
    const store = new RedisStore(urlOf(gone))
    await expect(store.connect()).rejects.toThrow(ConnectionError)

    await store.close()
  })
})

describe('connect', () => {
  it.each<[string, () => RedisTarget, () => string]>([
    ['a URL where nobody listens', () => urlOf(gone), () => `127.0.0.1:${gone.port}: `],
    [
      'options where nobody listens',
      () => ({ host: '127.0.0.1', port: gone.port, password }),
      () => `127.0.0.1:${gone.port}: `,
    ],
    ['a client whose server is gone', () => gone.client({ password }), () => `127.0.0.1:${gone.port}: `],
    ['a socket that is not there', () => '/nowhere/redis.sock', () => '/nowhere/redis.sock: '],
    ['a cluster without a node', () => clusterOf(gone), () => 'the cluster it was given: '],
    ['a password that is wrong', () => urlOf(server, `${password}wrong`), () => `127.0.0.1:${server.port}: `],
  ])('rejects for %s, and names the option, the address and what to do', async (_what, target, address) => {
    const store = new RedisStore(target())

    const error: unknown = await store.connect().catch((reason: unknown) => reason)
    await store.close()

    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({
      code: 'CONNECTION',
      message: expect.stringContaining(`option "redis": no Redis answered at ${address()}`) as string,
    })
    expect(String(error)).toContain("such as 'redis://localhost:6379'")
    expect(String(error)).not.toContain(password)
  })

  it('resolves when the server has answered', async () => {
    const store = new RedisStore(urlOf(server))

    await store.connect()

    expect(await rawAt(store, 'shop:k')).toBeNull()
    await store.close()
  })
})

describe('an error, written to a log with everything in it,', () => {
  const logged = (error: unknown) => `${inspect(error, { depth: null })} ${JSON.stringify(error)}`

  it.each<[string, () => RedisTarget]>([
    ['where nobody listens', () => urlOf(gone)],
    ['that is wrong', () => urlOf(server, `${password}wrong`)],
    ['that is wrong for a cluster', () => clusterOf(server)],
  ])('shows no password %s', async (_where, target) => {
    const store = new RedisStore(target())

    const error: unknown = await store.connect().catch((reason: unknown) => reason)
    await store.close()

    expect(logged(error)).toContain('ConnectionError')
    expect(logged(error)).not.toContain(password)
  })

  it('shows no value that the server refused', async () => {
    await using full = await startRedis()
    const store = new RedisStore(full.client())
    await store.connect()
    const key = newKey()
    await store.acquire(key, { token: mine, ttl: 60_000 })
    await full.cli('CONFIG', 'SET', 'maxmemory', 1)

    const error: unknown = await store
      .fill(key, { head: leaseHead(mine), ttl: 60_000 }, { raw: value, freshFor: 60_000, ttl: 60_000 })
      .catch((reason: unknown) => reason)

    expect(logged(error)).toContain('OOM')
    expect(logged(error)).not.toContain('Buffer')
  })
})
