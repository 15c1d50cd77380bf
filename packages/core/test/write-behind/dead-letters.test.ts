import { gate, type RedisServer, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BackPressureError, type WriteBehindEntry } from '../../src/write-behind/index.ts'
import { allWritten, heard, lastOf, listed, next, onEveryRedis, open, pairs, recording } from './opened.ts'

const poisoned = (key: string) => {
  const { batches, write } = recording()
  const attempts: number[] = []
  return {
    batches,
    attempts,
    write: (batch: readonly WriteBehindEntry<unknown>[]) => {
      for (const entry of batch) {
        if (entry.key !== key) continue
        if (batch.length === 1) attempts.push(entry.attempt)
        throw new Error('no such product')
      }
      write(batch)
    },
  }
}

onEveryRedis('an entry that cannot be written', (openStock) => {
  it('becomes a dead letter after so many attempts, and its neighbours are written', async () => {
    const { write, batches, attempts } = poisoned('bad')
    const { stock } = openStock({ write, maxAttempts: 3 })
    const dead = next(stock, 'dead-letter')
    await stock.put('good', 1)
    const id = await stock.put('bad', 2)
    await stock.put('fine', 3)

    stock.start()

    expect(await dead).toEqual({
      type: 'dead-letter',
      id,
      key: 'bad',
      error: new Error('no such product'),
      dropped: 0,
    })
    expect(lastOf(batches)).toEqual({ good: 1, fine: 3 })
    expect(attempts).toEqual([1, 2, 3])
    expect(await listed(stock.deadLetters())).toMatchObject([
      { entry: id, key: 'bad', value: 2, attempts: 3, error: 'no such product' },
    ])
    expect(await stock.stats()).toMatchObject({ pending: 0, deadLetters: 1, dead: 1, written: 2 })
  })

  it('becomes one when it is the only one', async () => {
    const { write, attempts } = poisoned('bad')
    const { stock } = openStock({ write, maxAttempts: 3 })
    const dead = next(stock, 'dead-letter')
    await stock.put('bad', 1)

    stock.start()

    await dead
    expect(attempts).toEqual([1, 2, 3])
  })

  it('is not cached any more, and not pending', async () => {
    const { write } = poisoned('bad')
    const { stock, cache } = openStock({ write, maxAttempts: 1 })
    const dead = next(stock, 'dead-letter')
    await stock.put('bad', 1)

    stock.start()
    await dead

    expect(await cache.get('bad')).toEqual({ found: false, value: undefined })
    expect(await stock.pending('bad')).toEqual({ found: false, value: undefined })
  })

  it('takes the older ones of its key along, and does not write them', async () => {
    const { write, batches } = poisoned('bad')
    const { stock } = openStock({ write, maxAttempts: 1 })
    await stock.put('bad', 1)
    await stock.put('bad', 2)

    stock.start()
    await allWritten(stock)

    expect(batches).toEqual([])
    expect(new Set((await listed(stock.deadLetters())).map(({ value }) => value))).toEqual(new Set([1, 2]))
  })

  it('is followed by newer ones of its key, which are tried in its place', async () => {
    let isBroken = true
    const { batches, write } = recording()
    const { stock } = openStock({
      write: (batch) => {
        if (isBroken) throw new Error('no such product')
        write(batch)
      },
      retryDelay: '20ms',
    })
    stock.start()
    await stock.put('k', 1)
    await next(stock, 'write-error')

    await stock.put('k', 2)
    isBroken = false
    await allWritten(stock)

    expect(batches.map(pairs)).toEqual([[['k', 2]]])
  })
})

describe('while the database is away', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  it('nothing becomes a dead letter, and all is written when it is back', async () => {
    let tries = 0
    const { batches, write } = recording()
    const { stock } = open({
      redis: redis.url,
      maxAttempts: 2,
      retryDelay: '1ms',
      write: (batch) => {
        if (++tries < 10) throw new Error('no connection to the database')
        write(batch)
      },
    })
    stock.start()

    for (let n = 0; n < 5; n++) await stock.put(`k${n}`, n)
    await allWritten(stock)

    expect(lastOf(batches)).toEqual({ k0: 0, k1: 1, k2: 2, k3: 3, k4: 4 })
    expect(await stock.stats()).toMatchObject({ written: 5, dead: 0 })
  })

  it('an entry does not become one either that came alone, once another has failed too', async () => {
    const source = gate<void>()
    let isAway = true
    const { stock } = open({
      redis: redis.url,
      maxAttempts: 2,
      retryDelay: '1ms',
      write: () => {
        if (source.calls === 0) return source.load()
        if (isAway) throw new Error('no connection to the database')
        return undefined
      },
    })
    const errors = heard(stock, 'write-error')
    stock.start()
    await stock.put('a', 1)
    await source.called
    await stock.put('b', 2)
    source.fail(new Error('no connection to the database'))

    while (errors.length < 8) await next(stock, 'write-error')
    isAway = false
    await allWritten(stock)

    expect(await stock.stats()).toMatchObject({ written: 2, dead: 0 })
  })

  it('nothing is held against an entry by the next process either', async () => {
    const attempts: number[] = []
    const first = open({
      redis: redis.url,
      maxAttempts: 3,
      retryDelay: '1ms',
      write: () => {
        throw new Error('no connection to the database')
      },
    })
    const errors = heard(first.stock, 'write-error')
    await first.stock.put('a', 1)
    await first.stock.put('b', 2)
    first.stock.start()
    while (errors.length < 8) await next(first.stock, 'write-error')
    await first.stock.close()

    const { stock } = open({
      redis: redis.url,
      cache: first.cache,
      maxAttempts: 3,
      write: (batch) => void attempts.push(...batch.map(({ attempt }) => attempt)),
    })
    stock.start()
    await allWritten(stock)

    expect(attempts).toEqual([1, 1])
  })

  it('those that cannot be written are still told from those that can, once it is back', async () => {
    let isAway = true
    const { stock } = open({
      redis: redis.url,
      maxAttempts: 3,
      retryDelay: '1ms',
      write: (batch) => {
        if (isAway || batch.some(({ key }) => key.startsWith('bad'))) throw new Error('no')
      },
    })
    const errors = heard(stock, 'write-error')
    stock.start()
    for (const key of ['bad1', 'bad2', 'bad3', 'bad4', 'good']) await stock.put(key, key)
    while (errors.length < 8) await next(stock, 'write-error')

    isAway = false
    await allWritten(stock)

    const letters = await listed(stock.deadLetters())
    expect(letters.map(({ key }) => key).toSorted()).toEqual(['bad1', 'bad2', 'bad3', 'bad4'])
    expect(await stock.stats()).toMatchObject({ written: 1, dead: 4 })
  })
})

onEveryRedis('a dead letter', (openStock) => {
  it('is written after all when it is put back, with the id of its put', async () => {
    let isBroken = true
    const { batches, write } = recording()
    const { stock } = openStock({
      maxAttempts: 1,
      write: (batch) => {
        if (isBroken) throw new Error('no such product')
        write(batch)
      },
    })
    stock.start()
    const dead = next(stock, 'dead-letter')
    const id = await stock.put('k', 7)
    await dead

    isBroken = false
    const [letter] = await listed(stock.deadLetters())
    expect(await stock.redrive(letter?.id ?? '')).toBe(true)
    await allWritten(stock)

    expect(batches).toEqual([[{ id, key: 'k', value: 7, attempt: 1 }]])
    expect(await listed(stock.deadLetters())).toEqual([])
  })

  it('that is put back does not take the place of a newer one that waits', async () => {
    const { batches, write } = recording()
    const { stock, cache } = openStock({
      maxAttempts: 1,
      write: (batch) => {
        if (batch.some(({ value }) => value === 'bad')) throw new Error('no such product')
        write(batch)
      },
    })
    const dead = next(stock, 'dead-letter')
    await stock.put('k', 'bad')
    stock.start()
    await dead
    await stock.close()
    const other = openStock({ write, cache }).stock
    await other.put('k', 'newer')

    const [letter] = await listed(other.deadLetters())
    await other.redrive(letter?.id ?? '')
    other.start()
    await allWritten(other)

    expect(batches.map(pairs)).toEqual([[['k', 'newer']]])
    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
  })

  it('is not put back twice, nor where there is none', async () => {
    const { stock } = openStock()

    expect(await stock.redrive('1-0')).toBe(false)
    expect(await stock.redrive('of no such form')).toBe(false)
  })

  it('is not put back where as many entries wait as may', async () => {
    const { write } = poisoned('bad')
    const { stock, cache } = openStock({ write, maxAttempts: 1 })
    const dead = next(stock, 'dead-letter')
    await stock.put('bad', 1)
    stock.start()
    await dead
    await stock.close()
    const other = openStock({ cache, maxPending: 1 }).stock
    await other.put('k', 1)

    const [letter] = await listed(other.deadLetters())

    await expect(other.redrive(letter?.id ?? '')).rejects.toBeInstanceOf(BackPressureError)
    expect(await listed(other.deadLetters())).toHaveLength(1)
  })

  it('is dropped for newer ones beyond the limit, which is reported', async () => {
    const { stock } = openStock({
      maxAttempts: 1,
      maxDeadLetters: 2,
      write: () => {
        throw new Error('no')
      },
    })
    const letters = heard(stock, 'dead-letter')
    stock.start()

    for (const key of ['a', 'b', 'c']) {
      const dead = next(stock, 'dead-letter')
      await stock.put(key, key)
      await dead
    }

    expect(letters.map(({ dropped }) => dropped)).toEqual([0, 0, 1])
    expect((await listed(stock.deadLetters())).map(({ key }) => key)).toEqual(['b', 'c'])
  })

  it('is listed among any number of them', async () => {
    const { stock } = openStock({ maxAttempts: 1, maxDeadLetters: 300, write: () => Promise.reject(new Error('no')) })
    stock.start()
    for (let n = 0; n < 250; n++) await stock.put('k', n)
    await allWritten(stock)

    const letters = await listed(stock.deadLetters())

    expect(letters.map(({ value }) => value).toSorted((one, other) => Number(one) - Number(other))).toEqual(
      Array.from({ length: 250 }, (_, n) => n),
    )
  })
})

describe('an entry that cannot be read', () => {
  it.each<[string, string[], string]>([
    ['of another codec', ['key', 'k', 'codec', 'msgpack', 'value', '7'], 'written by codec "msgpack", not by "json"'],
    ['that its codec refuses', ['key', 'k', 'codec', 'json', 'value', 'secret'], 'codec "json" cannot read it'],
    ['that is none of ours', ['name', 'Ada'], 'not an entry of a write-behind'],
    ['whose key is none', ['key', '', 'codec', 'json', 'value', '7'], 'not an entry of a write-behind'],
  ])('%s becomes a dead letter at once, and holds nobody up', async (_what, fields, error) => {
    await using redis = await startRedis()
    const { batches, write } = recording()
    const { stock } = open({ redis: redis.url, namespace: 'shop', write })
    await redis.cli('XADD', 'shop/write-behind:{stock}', '*', ...fields)
    await stock.put('good', 1)

    stock.start()
    await allWritten(stock)

    expect(batches.flatMap(pairs)).toEqual([['good', 1]])
    const letters = await listed(stock.deadLetters())
    expect(letters).toMatchObject([{ error, attempts: 0 }])
    expect(JSON.stringify(letters)).not.toContain('secret')
  })
})
