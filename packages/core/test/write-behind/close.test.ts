import { gate, startRedis } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { allWritten, next, onEveryRedis, open, pairs, recording } from './opened.ts'

onEveryRedis('close', (openStock) => {
  it('writes what is pending first, however long the interval, and says that nothing is left', async () => {
    const { batches, write } = recording()
    const { stock } = openStock({ write, interval: '1h', drainTimeout: '10s' })
    stock.start()
    await next(stock, 'active')
    for (let n = 0; n < 250; n++) await stock.put(`k${n}`, n)

    expect(await stock.close()).toEqual({ left: 0 })

    expect(batches.flatMap(pairs)).toHaveLength(250)
  })

  it('waits no longer than its time, aborts what is written, and says what is left for the next process', async () => {
    const source = gate<void>()
    let aborted: unknown
    const { stock, cache } = openStock({
      drainTimeout: '50ms',
      leaseTtl: '300ms',
      write: (_, { signal }) => {
        signal.addEventListener('abort', () => (aborted = signal.reason))
        return source.load()
      },
    })
    stock.start()
    await stock.put('k', 1)
    await source.called

    expect(await stock.close()).toEqual({ left: 1 })

    expect(aborted).toBeInstanceOf(Error)
    const other = openStock({ cache, write: () => {} }).stock
    other.start() // When the lease of the first has ended.
    await allWritten(other)
    expect(await other.stats()).toMatchObject({ written: 1 })
  })

  it('hands the turn over: the next process need not wait for the end of a lease', async () => {
    const { stock, cache } = openStock({ leaseTtl: '1h' })
    stock.start()
    await next(stock, 'active')
    await stock.close()

    const other = openStock({ cache, leaseTtl: '1h' }).stock
    const active = next(other, 'active')
    other.start()

    await active
  })

  it('waits for whosever turn it is', async () => {
    const source = gate<void>()
    const { stock, cache } = openStock({ write: source.load })
    stock.start()
    await stock.put('k', 1)
    await source.called
    const other = openStock({ cache, drainTimeout: '10s' }).stock
    other.start()

    const closed = other.close()
    source.answer()

    expect(await closed).toEqual({ left: 0 })
  })

  it('does not wait in a process that was not started', async () => {
    const { stock } = openStock({ drainTimeout: '1h' })
    await stock.put('k', 1)

    expect(await stock.close()).toEqual({ left: 1 })
  })

  it('may be called twice, and before anything else', async () => {
    const { stock } = openStock()

    expect(await Promise.all([stock.close(), stock.close()])).toEqual([{ left: 0 }, { left: 0 }])
  })
})

describe('close', () => {
  it('leaves no connection open, and a client that was given as it was', async () => {
    await using redis = await startRedis()
    const client = redis.client({ connectionName: 'given' })
    const { stock, cache } = open({ redis: client })
    stock.start()
    await stock.put('k', 1)
    await allWritten(stock)

    await stock.close()
    await cache.close()

    const names = [...String(await redis.cli('CLIENT', 'LIST')).matchAll(/ name=(\S+)/g)].map(([, name]) => name)
    expect(names).toEqual(['given'])
    expect(await client.ping()).toBe('PONG')
  })

  it.each([
    ['gives the lease back', true, 0],
    ['keeps the lease to its end where a write still runs that nobody waits for', false, 1],
  ])('%s', async (_what, answers, leases) => {
    await using redis = await startRedis()
    const source = gate<void>()
    const { stock } = open({ redis: redis.url, namespace: 'shop', write: source.load, leaseTtl: '1h' })
    stock.start()
    await stock.put('k', 1)
    await source.called
    if (answers) source.answer()

    await stock.close()

    expect(await redis.cli('EXISTS', 'shop/write-behind:{stock}:lease')).toBe(leases)
  })

  it('says that it does not know what is left where Redis is away', async () => {
    const redis = await startRedis()
    const { stock } = open({ redis: redis.url, drainTimeout: '50ms' })
    stock.start()
    await next(stock, 'active')
    await redis.kill()

    expect(await stock.close()).toEqual({ left: null })
    await redis.stop()
  })
})
