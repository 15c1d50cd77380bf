import { once } from 'node:events'
import {
  type FaultProxy,
  type RedisCluster,
  type RedisServer,
  startFaultProxy,
  startRedis,
  startRedisCluster,
} from '@cache-aside/testkit'
import { type Cluster, Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { slotOf } from '../src/protocol/cluster-node.ts'
import { Connection } from '../src/protocol/connection.ts'
import { invalidate } from '../src/protocol/invalidate.ts'
import { read } from '../src/protocol/read.ts'
import type { Availability } from '../src/protocol/store.ts'
import { type Clock, systemClock } from '../src/time/clock.ts'
import { ManualClock } from './manual-clock.ts'

const commandTimeout = 500

interface Options {
  readonly clock: Clock
  readonly reconnect?: () => void
}

function open(client: Redis | Cluster, options: Options) {
  const connection = new Connection(client, { commandTimeout, ...options })
  onTestFinished(() => connection.detach())
  const changes: Availability['kind'][] = []
  connection.onChange(({ kind }) => changes.push(kind))
  return { connection, changes }
}

const reasonOf = (answer: Promise<unknown>) => answer.then(String, (error: Error) => error.message)
const turn = () => new Promise(setImmediate)

describe('a connection to a server', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await startRedis({ args: ['--lua-time-limit', '50'] })
  })
  afterEach(() => redis.stop())

  const readK = (connection: Connection) => connection.send((port) => read(port, ['k']))

  it('that could not be made in time is away, for those that ask next too', async () => {
    const clock = new ManualClock()
    const { connection, changes } = open(redis.client({ lazyConnect: true }), { clock })
    redis.pause()

    const connected = reasonOf(connection.connect('here'))
    clock.pass(10_000)

    expect(await connected).toContain('no answer from Redis within 10000 ms')
    expect(changes).toEqual(['degraded'])
    expect(await reasonOf(readK(connection))).toContain('not connected to Redis')
  })

  it('that a client gives up before it is made is away', async () => {
    await redis.kill()
    const client = new Redis({
      sentinels: [{ host: '127.0.0.1', port: redis.port }],
      sentinelRetryStrategy: () => null,
      name: 'main',
      lazyConnect: true,
    })
    const { connection, changes } = open(client, { clock: new ManualClock() })

    expect(await reasonOf(readK(connection))).toContain('not connected to Redis')

    expect(changes).toEqual(['degraded'])
  })

  it('is used as soon as connect has resolved, whatever was the answer to a probe', async () => {
    const clock = new ManualClock()
    const { connection, changes } = open(redis.client(), { clock })
    await connection.connect('here')
    const busy = redis.cli('EVAL', 'while true do end', 0).catch(() => 'killed')
    await expect.poll(() => reasonOf(redis.cli('PING'))).toContain('BUSY')

    // The server answers that it is busy, and so does it to the probe: asked again when time passes.
    redis.pause()
    const unanswered = reasonOf(readK(connection))
    clock.pass(commandTimeout)
    await unanswered
    redis.resume()
    await expect.poll(() => clock.timers).toBe(1)
    await redis.cli('SCRIPT', 'KILL')
    await busy
    expect(changes).toEqual(['degraded'])

    await connection.connect('here')

    expect(await readK(connection)).toEqual([null])
    expect(changes).toEqual(['degraded', 'recovered'])
  })

  it('keeps no timer, and tells nothing, once it is detached', async () => {
    const clock = new ManualClock()
    const client = redis.client()
    const { connection, changes } = open(client, { clock, reconnect: () => client.disconnect(true) })
    await connection.connect('here')
    connection.detach()
    client.disconnect()
    await once(client, 'end')

    expect(await reasonOf(readK(connection))).toContain('not connected to Redis')

    expect(clock.timers).toBe(0)
    expect(changes).toEqual([])
  })

  describe('through a network that loses it', () => {
    let proxy: FaultProxy
    beforeEach(async () => {
      proxy = await startFaultProxy({ port: redis.port })
    })
    afterEach(() => proxy.close())

    it('is not back by what still arrives over the one that is being replaced', async () => {
      const client = redis.client({ port: proxy.port })
      const reconnect = () => {
        client.disconnect(true)
        proxy.heal()
      }
      const { connection, changes } = open(client, { clock: tenfold, reconnect })
      await connection.connect('here')

      proxy.blackHole('toClient')
      await reasonOf(readK(connection))
      await once(client, 'ready')
      await expect.poll(() => changes.at(-1)).toBe('recovered')

      expect(changes).toEqual(['degraded', 'recovered'])
    })

    it('is not replaced once it answers again', async () => {
      const clock = new ManualClock()
      let replaced = 0
      const { connection, changes } = open(redis.client({ port: proxy.port }), { clock, reconnect: () => replaced++ })
      await connection.connect('here')
      proxy.blackHole()
      const unanswered = reasonOf(readK(connection))
      await turn()
      clock.pass(commandTimeout)
      await unanswered
      clock.pass(4_999)
      expect(replaced).toBe(0)

      proxy.heal()
      await expect.poll(() => changes.at(-1)).toBe('recovered')
      clock.pass(60_000)

      expect(replaced).toBe(0)
    })
  })
})

describe('a connection to a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster({ args: ['--cluster-require-full-coverage', 'no'] })
  })
  afterAll(() => cluster.stop())

  const keys = Array.from({ length: 30 }, (_, index) => `shop:${index}`)
  const ofFirst = (key: string) => slotOf(key) < Math.floor(16_384 / 3)

  it('rejects a command without a key in time, and is not away by it', async () => {
    const clock = new ManualClock()
    const { connection, changes } = open(cluster.client(), { clock })
    await connection.connect('here')

    const unanswered = reasonOf(connection.send(() => new Promise<never>(() => {})))
    clock.pass(commandTimeout)

    expect(await unanswered).toBe('no answer from Redis within 500 ms')
    expect(changes).toEqual([])
  })

  it('is back when the last of its nodes is', async () => {
    const [first, second] = cluster.nodes
    const { connection, changes } = open(cluster.client(), { clock: systemClock })
    await connection.connect('here')
    const readAll = () => Promise.all(keys.map((key) => reasonOf(connection.send((port) => read(port, [key]), key))))
    await readAll()
    first?.pause()
    second?.pause()
    expect(new Set(await readAll()).size).toBeGreaterThan(1)
    expect(changes).toEqual(['degraded'])

    first?.resume()
    const [ofFirstNode = ''] = keys.filter(ofFirst)
    await expect
      .poll(() => connection.send((port) => read(port, [ofFirstNode]), ofFirstNode).catch(String))
      .toEqual([null])
    expect(changes).toEqual(['degraded'])
    second?.resume()
    await expect.poll(async () => new Set(await readAll()).size).toBe(1)

    expect(changes).toEqual(['degraded', 'recovered'])
  })

  it('reaches the nodes that answer with their part of many keys, and rejects for the others', async () => {
    const client = cluster.client()
    const { connection } = open(client, { clock: systemClock })
    await connection.connect('here')
    await Promise.all(keys.map((key) => client.set(key, 'V')))
    cluster.nodes[0]?.pause()
    const [silent = ''] = keys.filter(ofFirst)
    await reasonOf(connection.send((port) => read(port, [silent]), silent))
    const others = keys.filter((key) => !ofFirst(key))
    const sent: Promise<void>[] = []

    const all = connection.sendEach(keys, (port, some) => {
      const part = invalidate(port, some)
      sent.push(part)
      return part
    })

    expect(await reasonOf(all)).toContain('Redis does not answer')
    await Promise.all(sent)
    for (const key of others) expect(await connection.send((port) => read(port, [key]), key)).toEqual([null])
    cluster.nodes[0]?.resume()
  })
})

/** Ten times as fast. */
const tenfold: Clock = {
  now: () => systemClock.now() * 10,
  wall: () => systemClock.wall(),
  after: (delay, callback) => systemClock.after(delay / 10, callback),
}
