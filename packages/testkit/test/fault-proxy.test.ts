import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { onFreePort } from '../src/free-port.ts'

let redis: RedisServer
let proxy: FaultProxy
let far: Redis
let near: Redis

beforeAll(async () => {
  redis = await startRedis()
  near = redis.client()
})
afterAll(async () => {
  await redis.stop()
})
beforeEach(async () => {
  await redis.cli('FLUSHALL')
  proxy = await startFaultProxy(redis)
  far = redis.client({ port: proxy.port, retryStrategy: () => null })
  await far.ping()
})
afterEach(() => {
  far.disconnect()
  proxy.close()
})

describe('FaultProxy', () => {
  it('forwards both ways', async () => {
    const value = Buffer.alloc(1_000_000, 'v')

    await far.set('key', value)

    expect((await far.getBuffer('key'))?.equals(value)).toBe(true)
    expect(proxy.connections).toBe(1)
  })

  it('delays, and forwards what was delayed when it heals', async () => {
    proxy.delay(10)
    expect(await far.ping()).toBe('PONG')

    proxy.delay(600_000)
    const late = far.ping('late')
    expect(await Promise.race([late, near.ping('near')])).toBe('near')

    proxy.heal()
    expect(await late).toBe('late')
  })

  it('keeps the order of what it delays', async () => {
    proxy.delay(600_000, 'toServer')
    const replies = Promise.all([far.ping('1'), far.ping('2')])
    proxy.delay(1, 'toServer')

    expect(await replies).toEqual(['1', '2'])
    expect(await far.ping('3')).toBe('3')
  })

  it('holds back what goes to the server until it heals', async () => {
    proxy.blackHole('toServer')
    const written = far.set('key', 'value')
    expect(await Promise.race([written, near.get('key')])).toBeNull()

    proxy.heal()
    expect(await written).toBe('OK')
  })

  it('holds back what goes to the client until it heals', async () => {
    proxy.blackHole('toClient')
    const pushed = far.rpush('list', 'value')
    expect(await Promise.race([pushed, near.blpop('list', 0)])).toEqual(['list', 'value'])

    proxy.heal()
    expect(await pushed).toBe(1)
  })

  it('takes connections into a black hole', async () => {
    proxy.blackHole()
    const lost = redis.client({ port: proxy.port })
    await once(lost, 'connect')
    const reply = lost.ping('lost')
    expect(await Promise.race([reply, near.ping('near')])).toBe('near')

    proxy.heal()
    expect(await reply).toBe('lost')
  })

  it('cuts every connection', async () => {
    proxy.cut()
    await once(far, 'end')

    await expect(far.ping()).rejects.toThrow('Connection is closed')
    expect(proxy.connections).toBe(0)
  })

  it('loses what it held back when it cuts', async () => {
    proxy.blackHole('toServer')
    const written = far.set('key', 'value')
    proxy.cut()
    await expect(written).rejects.toThrow('Connection is closed')

    proxy.heal()
    expect(await near.get('key')).toBeNull()
  })

  it('refuses new connections, and takes them again', async () => {
    proxy.refuse()
    const refused = redis.client({ port: proxy.port, retryStrategy: () => null })
    const [error] = await once(refused, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await far.ping()).toBe('PONG')

    await proxy.accept()
    expect(await redis.client({ port: proxy.port }).ping()).toBe('PONG')
  })

  it('passes the end of a connection on, when it is no black hole', async () => {
    const server = createServer()
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const port = await onFreePort(async (free) => {
      await once(server.listen(free, '127.0.0.1'), 'listening')
      return free
    })
    using lossy = await startFaultProxy({ port })
    const client = connect(lossy.port, '127.0.0.1')
    const upstream = await accepted

    lossy.blackHole()
    client.destroy()
    await once(client, 'close')
    expect(lossy.connections).toBe(1)

    lossy.heal()
    await once(upstream.resume(), 'close')
    server.close()
  })

  it('disturbs alone those connections on which a mark was said', async () => {
    using telling = await startFaultProxy(redis, 'news')
    const subscriber = redis.client({ port: telling.port, lazyConnect: true, retryStrategy: () => null })
    const other = redis.client({ port: telling.port })
    await other.ping()
    telling.marked.blackHole('toServer')
    await subscriber.connect()
    const subscribed = subscriber.subscribe('news')

    expect(await other.ping('other')).toBe('other')
    expect(await Promise.race([subscribed, near.publish('news', 'not heard')])).toBe(0)
    expect([telling.marked.count, telling.unmarked.count]).toEqual([1, 1])

    telling.marked.heal()
    await subscribed
    telling.marked.cut()
    await once(subscriber, 'end')
    expect(await other.ping('still there')).toBe('still there')
  })
})
