import { once } from 'node:events'
import { type FaultProxy, gate, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StoreError } from '../../src/index.ts'
import { allWritten, heard, lastOf, next, open, type Options, pairs, recording } from './opened.ts'

describe('Redis away', () => {
  let redis: RedisServer
  let proxy: FaultProxy
  /** Sees Redis as it is. */
  let observer: Redis

  beforeEach(async () => {
    redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    proxy = await startFaultProxy({ port: redis.port })
    observer = redis.client()
  })
  afterEach(async () => {
    proxy.close()
    await redis.stop()
  })

  const openStock = (options: Partial<Options> = {}) =>
    open({ redis: proxy.url, leaseTtl: '1s', drainTimeout: '20ms', ...options })
  const stream = (namespace: string) => `${namespace}/write-behind:{stock}`

  it('loses nothing that was accepted when it is killed and has an append-only file', async () => {
    const source = gate<void>()
    const { batches, write } = recording()
    const { stock } = openStock({
      leaseTtl: '1h', // That it had before it is its own to give back.
      write: async (batch) => {
        await source.load()
        write(batch)
      },
    })
    const changes: string[] = []
    stock.events.on('degraded', () => changes.push('degraded'))
    stock.events.on('recovered', () => changes.push('recovered'))
    stock.start()
    await stock.put('a', 1)
    await source.called
    await stock.put('b', 2)
    await stock.put('a', 3)

    const degraded = next(stock, 'degraded')
    await redis.kill()
    source.answer() // The database has it; Redis does not learn of it.
    await degraded
    await expect(stock.put('c', 4)).rejects.toBeInstanceOf(StoreError)
    const recovered = next(stock, 'recovered')
    await redis.start()
    const answering = (async () => {
      while ((await stock.stats()).pending !== 0) {
        if (source.calls > batches.length) source.answer()
        await observer.ping()
      }
    })()
    await recovered
    await answering

    expect(changes).toEqual(['degraded', 'recovered'])
    expect(pairs(batches[0] ?? [])).toEqual([['a', 1]])
    expect(lastOf(batches)).toEqual({ a: 3, b: 2 })
  })

  it('frozen, it accepts nothing within the deadline, and is one change', async () => {
    const { stock } = openStock({ commandTimeout: '500ms', caching: { commandTimeout: '500ms' } })
    const degraded = heard(stock, 'degraded')
    stock.start()
    await stock.put('k', 1)
    await allWritten(stock)

    const silent = next(stock, 'degraded')
    redis.pause()
    await expect(stock.put('k', 2)).rejects.toThrow(/^put "k": no answer from Redis .* \(nothing was accepted, safe/)
    await silent
    const recovered = next(stock, 'recovered')
    redis.resume()
    await recovered

    expect(degraded).toHaveLength(1)
    await stock.put('k', 3)
    await allWritten(stock)
  })

  it('from the start, is waited for', async () => {
    await redis.kill()
    const { batches, write } = recording()
    const { stock } = openStock({ write })
    const degraded = next(stock, 'degraded')
    stock.start()
    await degraded
    const recovered = next(stock, 'recovered')
    await redis.start()
    await recovered

    await stock.put('k', 1)
    await allWritten(stock)

    expect(batches.map(pairs)).toEqual([[['k', 1]]])
  })

  it.each([
    ['all of its data', (server: RedisServer) => server.cli('FLUSHALL')],
    ['the group', (server: RedisServer) => server.cli('XGROUP', 'DESTROY', stream('lost'), 'writers')],
    ['the stream', (server: RedisServer) => server.cli('DEL', stream('lost'))],
    ['the lease', (server: RedisServer) => server.cli('DEL', `${stream('lost')}:lease`)],
  ])('having lost %s, it writes what is put afterwards', async (_what, lose) => {
    const { batches, write } = recording()
    const { stock } = openStock({ write, namespace: 'lost' })
    stock.start()
    await stock.put('k', 1)
    await allWritten(stock)

    await lose(redis)
    await stock.put('k', 2)
    await allWritten(stock)

    expect(batches.map(pairs)).toEqual([[['k', 1]], [['k', 2]]])
  })

  it('losing its group, it gives nothing to two', async () => {
    const source = gate<void>()
    const { batches, write } = recording()
    const { stock } = openStock({
      namespace: 'lost',
      write: async (batch) => {
        await source.load()
        write(batch)
      },
    })
    stock.start()
    await stock.put('k', 1)
    await source.called
    await redis.cli('XGROUP', 'DESTROY', stream('lost'), 'writers')

    source.answer()
    await allWritten(stock)

    expect(batches.map(pairs)).toEqual([[['k', 1]]])
  })

  it('full, it still lets what was accepted be written, and be buried', async () => {
    const source = gate<void>()
    const { stock } = openStock({ write: source.load, maxAttempts: 1 })
    stock.start()
    await stock.put('good', 1)
    await source.called
    await stock.put('bad', 2)

    await redis.cli('CONFIG', 'SET', 'maxmemory', 1)
    const second = source.next()
    source.answer()
    await second
    source.fail(new Error('no such product'))
    await allWritten(stock)
    await redis.cli('CONFIG', 'SET', 'maxmemory', 0)

    expect(await stock.stats()).toMatchObject({ written: 1, dead: 1, deadLetters: 1 })
  })

  it('goes on when the connection that waits for entries is lost', async () => {
    const { batches, write } = recording()
    const { stock } = openStock({ write })
    stock.start()
    await stock.put('a', 1)
    await allWritten(stock)

    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal')
    while (
      !(await stock.put('b', 2).then(
        () => true,
        () => false,
      ))
    )
      await observer.ping()
    await allWritten(stock)

    expect(batches.flatMap(pairs)).toContainEqual(['b', 2])
  })

  it('having handed out entries that nobody heard of, it hands them out again', async () => {
    const { batches, write } = recording()
    const { stock } = openStock({ write, namespace: 'unheard' })
    stock.start()
    await stock.put('a', 1)
    await allWritten(stock)

    await observer
      .multi()
      .xadd(stream('unheard'), '*', 'key', 'b', 'codec', 'json', 'value', '2')
      .xreadgroup('GROUP', 'writers', 'writer', 'STREAMS', stream('unheard'), '>')
      .exec()
    await allWritten(stock)

    expect(batches.map(pairs)).toEqual([[['a', 1]], [['b', 2]]])
  })

  it('does not send a put again whose answer is lost, with a client that would', async () => {
    const client = redis.client({ port: proxy.port, maxRetriesPerRequest: null })
    const { cache } = open({ redis: redis.url, namespace: 'once' })
    const { stock } = openStock({ redis: client, cache, commandTimeout: '30s' })
    await stock.put('a', 1)

    proxy.blackHole('toClient')
    const unheard = stock.put('b', 2)
    while ((await observer.xlen(stream('once'))) < 2) await observer.ping()
    proxy.cut()
    proxy.heal()

    await expect(unheard).rejects.toThrow(/^put "b": .* \(not acknowledged, but it may be written; safe to repeat\)$/)
    while (
      !(await stock.put('c', 3).then(
        () => true,
        () => false,
      ))
    )
      await observer.ping()
    expect(await observer.xlen(stream('once'))).toBe(3)
  })

  it.each(['reject', 'journal'] as const)(
    'of the cache, it keeps what is written until the cache has voided it (onUnreachable: %s)',
    async (onUnreachable) => {
      await using cached = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
      const { batches, write } = recording()
      const { cache } = open({ redis: cached.url, caching: { onUnreachable } })
      const { stock } = openStock({ cache, write })
      await stock.put('k', 'value')
      await cached.kill()

      const degraded = next(stock, 'degraded')
      stock.start()
      await degraded
      expect(batches.map(pairs)).toEqual([[['k', 'value']]])
      expect((await stock.stats()).pending).toBe(1)

      await cached.start()
      await allWritten(stock)
      expect(await cache.get('k')).toEqual({ found: false, value: undefined })
    },
  )

  it('tells a write by its signal that another process may write', async () => {
    const source = gate<void>()
    const signals: AbortSignal[] = []
    const { stock } = openStock({
      namespace: 'overtaken',
      write: (_, { signal }) => {
        signals.push(signal)
        return source.load()
      },
    })
    stock.start()
    await stock.put('k', 1)
    await source.called
    const standby = next(stock, 'standby')
    const aborted = once(signals[0] as AbortSignal, 'abort')

    await redis.cli('DEL', `${stream('overtaken')}:lease`)
    await aborted
    source.fail(new Error('aborted'))
    await standby

    expect((await stock.stats()).pending).toBe(1)
  })

  it('cut off again and again, it loses nothing, and keeps the order of each key', async () => {
    const { batches, write } = recording()
    const { stock } = openStock({ write, interval: '1ms', batchSize: 5, namespace: 'cut' })
    const { stock: other } = open({ redis: redis.url, namespace: 'cut' })
    const rejections = heard(stock, 'write-error')
    stock.start()
    const put = async (key: string, n: number): Promise<void> => {
      const isAccepted = await stock.put(key, n).then(
        () => true,
        () => false, // Or nobody knows: it may be in the stream.
      )
      if (!isAccepted) await put(key, n)
    }

    for (let n = 0; n < 200; n++) {
      await put(`k${n % 4}`, n)
      if (n % 25 === 24) proxy.cut()
    }
    while ((await other.stats()).pending !== 0) await observer.ping()

    expect(lastOf(batches)).toEqual({ k0: 196, k1: 197, k2: 198, k3: 199 })
    for (const of of ['k0', 'k1', 'k2', 'k3']) {
      const ids = batches
        .flat()
        .filter(({ key }) => key === of)
        .map(({ id }) => id)
      expect(ids).toEqual(ids.toSorted())
    }
    expect(rejections).toEqual([])
  })
})
