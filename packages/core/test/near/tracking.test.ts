import { EventEmitter } from 'node:events'
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import { type Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Tracking } from '../../src/protocol/store.ts'
import { track } from '../../src/protocol/tracking.ts'
import { ManualClock } from '../manual-clock.ts'

const beat = 50

/** `Tracking` of docs/decisions/0016, on time that passes when a test says so. */
describe('tracking', () => {
  let servers: readonly RedisServer[]
  beforeAll(async () => {
    servers = await Promise.all([startRedis(), startRedis()])
  })
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  const server = (index = 0) => servers[index] as RedisServer
  const clientOf = (url: string) => {
    const client = new Redis(url)
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    return client
  }
  const proxied = async (): Promise<FaultProxy> => {
    const proxy = await startFaultProxy({ port: server().port }, 'TRACKING')
    onTestFinished(() => proxy.close())
    return proxy
  }
  const begin = (client: Redis | Cluster) => {
    const clock = new ManualClock()
    const told: string[] = []
    const listener = {
      changed: (keys: readonly string[]) => void told.push(...keys),
      lost: () => void told.push('lost'),
      ready: () => void told.push('ready'),
      refused: () => void told.push('refused'),
    }
    const tracking = track(client, { prefixes: ['shop:'], beat, clock }, listener)
    onTestFinished(() => tracking.close())
    return { tracking, clock, told }
  }
  const heard = (tracking: Tracking) => expect.poll(() => tracking.lag()).toBeLessThan(Infinity)
  /** One PING, sent and answered. */
  const next = async (tracking: Tracking, clock: ManualClock) => {
    clock.pass(beat)
    await expect.poll(() => tracking.lag()).toBe(0)
  }
  const countOf = async (url: string, command: string) => {
    const client = new Redis(url)
    const stats = await client.info('commandstats')
    client.disconnect()
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  }

  it('is as far behind as the PING that was answered last was sent ago, by the clock that has gone further', async () => {
    const proxy = await proxied()
    const { tracking, clock } = begin(clientOf(proxy.url))
    expect(tracking.lag()).toBe(Infinity)
    await heard(tracking)
    await next(tracking, clock)

    proxy.marked.blackHole('toClient')
    clock.pass(beat) // Sent now.
    clock.pass(30)
    expect(tracking.lag()).toBe(80)
    proxy.marked.heal()
    await expect.poll(() => tracking.lag()).toBe(30)

    clock.shift += 1_000
    expect(tracking.lag()).toBe(1_030)
    clock.shift -= 2_000
    expect(tracking.lag()).toBe(30)
  })

  it('asks once at a time', async () => {
    const proxy = await proxied()
    const { tracking, clock } = begin(clientOf(proxy.url))
    await heard(tracking)
    await next(tracking, clock)
    const before = await countOf(server().url, 'ping')

    proxy.marked.blackHole('toClient')
    for (let beats = 0; beats < 10; beats++) clock.pass(beat)
    await expect.poll(() => countOf(server().url, 'ping')).toBe(before + 1)
    proxy.marked.heal()
    await expect.poll(() => tracking.lag()).toBe(9 * beat)
  })

  it('replaces a connection that is silent for five seconds', async () => {
    const proxy = await proxied()
    const { tracking, clock, told } = begin(clientOf(proxy.url))
    await heard(tracking)
    proxy.marked.blackHole()

    clock.pass(5_000)
    expect(told).toEqual(['ready'])
    clock.pass(2 * beat)

    expect(told).toEqual(['ready', 'lost'])
    expect(tracking.lag()).toBe(Infinity)
    proxy.marked.heal()
    await heard(tracking)
    expect(told).toEqual(['ready', 'lost', 'ready'])
  })

  it('does not go by the error that a busy server answers a PING with', async () => {
    const client = clientOf(server().url)
    const { tracking, clock, told } = begin(client)
    await heard(tracking)
    await client.config('SET', 'lua-time-limit', 1)
    const busy = clientOf(server().url)
    const script = busy.eval('while true do end', 0).catch(() => 'killed')
    const other = clientOf(server().url)
    await expect.poll(() => other.ping().catch((error: Error) => error.message)).toMatch(/^BUSY/)

    for (let beats = 0; beats < 5; beats++) {
      clock.pass(beat)
      await other.ping().catch(() => {}) // What was sent before has been answered.
    }
    expect(tracking.lag()).toBe(5 * beat)

    await other.script('KILL')
    expect(await script).toBe('killed')
    await next(tracking, clock)
    expect(told).toEqual(['ready'])
    await client.config('SET', 'lua-time-limit', 5_000)
  })

  it('goes on where the server was flushed', async () => {
    const client = clientOf(server().url)
    const { tracking, told } = begin(client)
    await heard(tracking)

    await client.flushall()

    await expect.poll(() => told).toEqual(['ready', 'lost', 'ready'])
  })

  it('rests while its client is closed, and goes on when that is opened again', async () => {
    const proxy = await proxied()
    const client = clientOf(proxy.url)
    const { tracking, told } = begin(client)
    await heard(tracking)

    client.disconnect()
    await expect.poll(() => proxy.connections).toBe(0)
    expect(told).toEqual(['ready', 'lost'])
    await client.connect()

    await heard(tracking)
  })

  it('goes on when its client is opened again before its own connection has ended', async () => {
    const proxy = await proxied()
    const client = clientOf(proxy.url)
    const { tracking, clock } = begin(client)
    await heard(tracking)

    proxy.marked.blackHole()
    client.disconnect()
    await new Promise((resolve) => client.once('end', resolve))
    await client.connect()
    proxy.marked.heal()

    await expect
      .poll(
        () => {
          clock.pass(beat)
          return tracking.lag()
        },
        { timeout: 5_000 },
      )
      .toBeLessThan(Infinity)
  })

  it('leaves no connection where it is refused', async () => {
    const admin = clientOf(server().url)
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking')
    const { tracking, told } = begin(clientOf(`redis://app:secret@127.0.0.1:${server().port}`))

    await expect.poll(() => told).toEqual(['refused'])

    const connections = async () => String(await admin.client('LIST')).match(/user=app/g)?.length
    await expect.poll(connections).toBe(1)
    expect(tracking.lag()).toBe(Infinity)
    await admin.call('ACL', 'DELUSER', 'app')
  })

  describe('of a cluster', () => {
    /** A client of a cluster whose masters are these. */
    const clusterOf = (masters: readonly Redis[]) => {
      const state = { masters }
      const client = Object.assign(new EventEmitter(), { isCluster: true, options: {}, nodes: () => state.masters })
      return { client: client as unknown as Cluster, state }
    }

    it('hears when it hears all masters, as they come and go', async () => {
      const [one, two] = [clientOf(server(0).url), clientOf(server(1).url)]
      const { client, state } = clusterOf([one])
      const { tracking, told } = begin(client)
      await heard(tracking)

      state.masters = [one, two]
      client.emit('+node')
      expect(told.splice(0)).toEqual(['ready', 'lost'])
      expect(tracking.lag()).toBe(Infinity)
      await heard(tracking)

      state.masters = [one]
      client.emit('-node')
      expect(told.splice(0)).toEqual(['ready', 'lost', 'ready'])
    })

    it('finds a replica that was promoted, at the next beat', async () => {
      const [one, two] = [clientOf(server(0).url), clientOf(server(1).url)]
      const { client, state } = clusterOf([one])
      const { tracking, told, clock } = begin(client)
      await heard(tracking)

      state.masters = [two]
      clock.pass(beat)

      expect(told).toEqual(['ready', 'lost'])
      await heard(tracking)
      await two.set('shop:k', 'value')
      await expect.poll(() => told).toEqual(['ready', 'lost', 'ready', 'shop:k'])
    })

    it('hears again once a master that was never heard is gone', async () => {
      const [one, nobody] = [clientOf(server().url), clientOf('redis://127.0.0.1:1')]
      const { client, state } = clusterOf([one])
      const { tracking, told } = begin(client)
      await heard(tracking)
      state.masters = [one, nobody]
      client.emit('+node')
      expect(tracking.lag()).toBe(Infinity)

      state.masters = [one]
      client.emit('-node')

      expect(told).toEqual(['ready', 'lost', 'ready'])
    })

    it('is as far behind as the master that is furthest behind', async () => {
      const proxy = await proxied()
      const [slow, fast] = [clientOf(proxy.url), clientOf(server(1).url)]
      const { client } = clusterOf([slow, fast])
      const { tracking, clock } = begin(client)
      await heard(tracking)
      await next(tracking, clock)

      proxy.marked.blackHole('toClient')
      const before = await countOf(server(1).url, 'ping')
      for (let beats = 1; beats <= 3; beats++) {
        clock.pass(beat)
        await expect.poll(() => countOf(server(1).url, 'ping')).toBe(before + beats)
      }

      expect(tracking.lag()).toBe(3 * beat)
    })
  })
})
