import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import type { WriteBehindEntry } from '../../src/write-behind/index.ts'
import { allWritten, heard, next, onEveryRedis, pairs, recording } from './opened.ts'

onEveryRedis('write', (openStock) => {
  it('gets what was put within the interval, together and in order, with the ids of the puts', async () => {
    const { batches, write } = recording()
    const { stock } = openStock({ write, interval: '100ms' })
    const ids = [await stock.put('a', 1), await stock.put('b', { left: 2 })]

    stock.start()
    await allWritten(stock)

    expect(batches).toEqual([
      [
        { id: ids[0], key: 'a', value: 1, attempt: 1 },
        { id: ids[1], key: 'b', value: { left: 2 }, attempt: 1 },
      ],
    ])
  })

  it('gets the newest value of a key once, in place of all of a batch', async () => {
    const { batches, write } = recording()
    const { stock } = openStock({ write })
    const written = heard(stock, 'written')
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['a', 4],
    ] as const)
      await stock.put(key, value)

    stock.start()
    await allWritten(stock)

    expect(batches.map(pairs)).toEqual([
      [
        ['b', 2],
        ['a', 4],
      ],
    ])
    expect(written).toMatchObject([{ keys: ['b', 'a'], entries: 4 }])
    expect(await stock.stats()).toMatchObject({ written: 4, retried: 0 })
  })

  it('does not wait for the end of the interval when a batch is full', async () => {
    const { batches, write } = recording()
    const { stock } = openStock({ write, interval: '1h', batchSize: 2 })
    stock.start()

    for (const key of ['a', 'b', 'c', 'd']) await stock.put(key, key)
    await allWritten(stock)

    expect(batches.map(pairs)).toEqual([
      [
        ['a', 'a'],
        ['b', 'b'],
      ],
      [
        ['c', 'c'],
        ['d', 'd'],
      ],
    ])
  })

  it('is not given more than one batch at a time, nor what another process has', async () => {
    const source = gate<void>()
    const running = { now: 0, most: 0 }
    const write = async () => {
      running.most = Math.max(running.most, ++running.now)
      await source.load()
      running.now -= 1
    }
    const { stock, cache } = openStock({ write, batchSize: 1 })
    const other = openStock({ write, batchSize: 1, cache }).stock
    stock.start()
    other.start()

    for (let n = 0; n < 5; n++) await stock.put(`k${n}`, n)
    await source.called
    for (let n = 0; n < 5; n++) {
      source.answer()
      if (n < 4) await source.next()
    }
    await allWritten(stock)

    expect(running.most).toBe(1)
    expect(source.calls).toBe(5)
  })

  it('leaves a value in the cache that was put while an older one of its key was written', async () => {
    const source = gate<void>()
    const { stock, cache } = openStock({ write: source.load })
    stock.start()
    await stock.put('k', 'old')
    await source.called

    await stock.put('k', 'new')
    const second = source.next()
    source.answer()
    await second // Then the first is settled.

    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
    source.answer()
  })

  it('voids what is cached of a key once its newest value is written', async () => {
    const { stock, cache } = openStock()
    await stock.put('k', 'value')
    stock.start()
    await next(stock, 'written')

    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
  })

  it('has what was loaded meanwhile from the old row voided', async () => {
    const { stock, cache } = openStock()
    await stock.put('k', 'new')
    await cache.invalidate('k')
    expect(await cache.getOrLoad('k', () => 'old row')).toBe('old row')

    stock.start()
    await next(stock, 'written')

    expect(await cache.getOrLoad('k', () => 'new row')).toBe('new row')
  })

  it('sees the values of a key in the order of their puts, however they are batched', async () => {
    const seen = new Map<string, number[]>()
    const ids: string[] = []
    const write = async (batch: readonly WriteBehindEntry<unknown>[]) => {
      for (const { id, key, value } of batch) {
        ids.push(id)
        seen.set(key, [...(seen.get(key) ?? []), value as number])
      }
      await new Promise(setImmediate)
    }
    const { stock } = openStock({ write, interval: '1ms', batchSize: 7 })
    stock.start()

    for (let n = 0; n < 300; n++) await stock.put(`k${n % 5}`, n)
    await allWritten(stock)

    expect(ids).toEqual(ids.toSorted())
    for (const [key, values] of seen) {
      expect(values).toEqual(values.toSorted((one, other) => one - other))
      expect(values.at(-1)).toBe(295 + Number(key.slice(1)))
    }
  })

  it('gets all that a dead process had in hand as one, the newest of a key and not what came before', async () => {
    const { batches, write } = recording()
    const never = gate<void>()
    const dead = openStock({ write: never.load, leaseTtl: '300ms', drainTimeout: '1ms' })
    for (const value of [1, 2, 3, 4, 5]) await dead.stock.put('k', value)
    dead.stock.start()
    await never.called
    await dead.stock.close()

    const { stock } = openStock({ write, batchSize: 2, cache: dead.cache })
    stock.start()
    await allWritten(stock)

    expect(batches.map(pairs)).toEqual([[['k', 5]]])
  })

  it('is told by its signal when its time is over, and tried again', async () => {
    const source = gate<void>()
    const signals: AbortSignal[] = []
    const { stock } = openStock({
      writeTimeout: '20ms',
      write: (_, { signal }) => {
        signals.push(signal)
        return signals.length === 1 ? source.load() : undefined
      },
    })
    const errors = heard(stock, 'write-error')
    const late = heard(stock, 'late-write')
    stock.start()
    await stock.put('k', 1)
    await allWritten(stock)

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    expect(errors).toMatchObject([{ keys: ['k'], error: { message: expect.stringContaining('20 ms') as string } }])
    source.answer()
    await new Promise(setImmediate)
    expect(late).toMatchObject([{ keys: ['k'] }])
  })
})
