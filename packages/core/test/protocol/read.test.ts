import { once } from 'node:events'
import { gate, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ReadBatch, read } from '../../src/protocol/read.ts'
import { absent, anothers, anotherValue, commandsDuring, foreign, lease, newKey, text, value } from './standing.ts'

let server: RedisServer
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
  redis = server.client()
})
afterAll(() => server.stop())

const batchOf = (client: Redis) => new ReadBatch((keys) => read(client, keys))

/** Keys with a value of their own each. */
async function newValues(count: number): Promise<{ readonly keys: string[]; readonly values: Buffer[] }> {
  const keys = Array.from({ length: count }, newKey)
  const values = keys.map((key) => Buffer.from(`value of ${key}`))
  await redis.mset(keys.flatMap((key, index) => [key, values[index] ?? '']))
  return { keys, values }
}

/** Resolves in the next turn of the event loop, when everything of this one has run. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

const wrongTypes = ['a list', 'a hash', 'a set', 'a sorted set', 'a stream']

describe('read', () => {
  it.each([
    ['absent', absent, null],
    ['lease', lease(anothers), Buffer.from(`L${anothers}`)],
    ['value', text(value), value],
    ['an empty string', text(''), Buffer.alloc(0)],
    ['bytes', text(Buffer.alloc(40, 0xff)), Buffer.alloc(40, 0xff)],
  ] as const)('%s → what stands there', async (_state, before, raw) => {
    const key = newKey()
    await before(redis, key)

    expect(await read(redis, [key])).toEqual([raw])
  })

  it.each(foreign.filter(([state]) => wrongTypes.includes(state)))(
    '%s → an entry that cannot be read',
    async (_state, before) => {
      const key = newKey()
      await before(redis, key)

      expect(await read(redis, [key])).toEqual([Buffer.alloc(0)])
    },
  )

  it('gives what stands under several keys, in their order', async () => {
    const { keys, values } = await newValues(3)

    expect(await read(redis, [...keys, newKey()].toReversed())).toEqual([null, ...values.toReversed()])
  })

  it('of several keys is not stopped by one of another type', async () => {
    const { keys, values } = await newValues(2)
    const list = newKey()
    await redis.rpush(list, 'a')

    const [first, , last] = await read(redis, [keys[0] ?? '', list, keys[1] ?? ''])

    expect([first, last]).toEqual(values)
  })

  it('rejects with what the server says', async () => {
    await redis.call('ACL', 'SETUSER', 'blind', 'on', '>pass', '~*', '+@all', '-get', '-mget')
    const blind = server.client({ username: 'blind', password: 'pass' })

    await expect(read(blind, [newKey()])).rejects.toThrow('NOPERM')
    await expect(read(blind, [newKey(), newKey()])).rejects.toThrow('NOPERM')
  })
})

describe('reads', () => {
  it('of one tick are one command', async () => {
    const { keys, values } = await newValues(100)
    const reads = batchOf(redis)
    let raws: (Buffer | null)[] = []

    const commands = await commandsDuring(redis, async () => {
      raws = await Promise.all(keys.map((key) => reads.read(key)))
    })

    expect(commands).toEqual({ mget: 1 })
    expect(raws).toEqual(values)
  })

  it('of one key are a GET', async () => {
    const reads = batchOf(redis)

    expect(await commandsDuring(redis, () => reads.read(newKey()))).toEqual({ get: 1 })
  })

  it('of two ticks are two commands', async () => {
    const reads = batchOf(redis)

    const commands = await commandsDuring(redis, async () => {
      const first = [reads.read(newKey()), reads.read(newKey())]
      await nextTurn()
      const second = [reads.read(newKey()), reads.read(newKey())]
      await Promise.all([...first, ...second])
    })

    expect(commands).toEqual({ mget: 2 })
  })

  it('of callers that were woken together are one command', async () => {
    const reads = batchOf(redis)
    const alarm = gate<void>()
    const woken = alarm.load()
    const callers = Array.from({ length: 10 }, async (_, depth) => {
      await woken
      for (let step = 0; step < depth; step++) await Promise.resolve()
      return reads.read(newKey())
    })

    const commands = await commandsDuring(redis, async () => {
      alarm.answer()
      await Promise.all(callers)
    })

    expect(commands).toEqual({ mget: 1 })
  })

  it('of the same key in one tick ask for it once, and each has the answer', async () => {
    const { keys, values } = await newValues(2)
    const asked: string[][] = []
    const reads = new ReadBatch((batch) => {
      asked.push(batch)
      return read(redis, batch)
    })

    const raws = await Promise.all([...keys, ...keys, ...keys].map((key) => reads.read(key)))

    expect(asked).toEqual([keys])
    expect(raws).toEqual([...values, ...values, ...values])
  })

  it('of the same key alone in one tick are a GET', async () => {
    const reads = batchOf(redis)
    const key = newKey()

    expect(await commandsDuring(redis, () => Promise.all([reads.read(key), reads.read(key)]))).toEqual({ get: 1 })
  })

  it.each([
    [511, [511]],
    [512, [512]],
    [513, [512, 1]],
    [1_300, [512, 512, 276]],
  ])('of %i keys are commands of %j keys, each with its own answer', async (count, sizes) => {
    const { keys, values } = await newValues(count)
    const asked: number[] = []
    const reads = new ReadBatch((batch) => {
      asked.push(batch.length)
      return read(redis, batch)
    })

    const raws = await Promise.all(keys.map((key) => reads.read(key)))

    expect(asked).toEqual(sizes)
    expect(raws).toEqual(values)
  })

  it('never join a batch that was sent: what changed since then is seen', async () => {
    using proxy = await startFaultProxy(server)
    const slow = server.client({ port: proxy.port })
    await once(slow, 'ready')
    const monitor = await redis.monitor()
    onTestFinished(() => monitor.disconnect())
    const reads = batchOf(slow)
    const key = newKey()
    await text(value)(redis, key)

    proxy.blackHole('toClient')
    const early = reads.read(key)
    await commandSeen(monitor, 'get', key)
    await text(anotherValue)(redis, key)
    const late = reads.read(key)
    proxy.heal()

    expect(await early).toEqual(value)
    expect(await late).toEqual(anotherValue)
  })

  it('never join a batch that was sent because it was full', async () => {
    const held = gate<void>()
    const asked: string[][] = []
    const reads = new ReadBatch(async (batch) => {
      asked.push(batch)
      await held.load()
      return read(redis, batch)
    })
    const keys = Array.from({ length: 512 }, newKey)
    const [again = ''] = keys

    const all = [...keys.map((key) => reads.read(key)), reads.read(again)]
    await nextTurn()
    held.answer()
    held.answer()
    await Promise.all(all)

    expect(asked).toEqual([keys, [again]])
  })

  it('of a batch that failed all reject, and the next batch is asked again', async () => {
    const { keys, values } = await newValues(2)
    let attempts = 0
    const reads = new ReadBatch(async (batch) => {
      if (++attempts === 1) throw new Error('no answer')
      return read(redis, batch)
    })
    const readAll = () => Promise.allSettled(keys.map((key) => reads.read(key)))

    const failed = await readAll()
    const succeeded = await readAll()

    expect(failed).toMatchObject(keys.map(() => ({ status: 'rejected', reason: { message: 'no answer' } })))
    expect(succeeded).toEqual(values.map((raw) => ({ status: 'fulfilled', value: raw })))
  })
})

async function commandSeen(monitor: Redis, ...command: readonly string[]): Promise<void> {
  for (;;) {
    const [, seen] = (await once(monitor, 'monitor')) as [time: string, seen: string[]]
    if (command.every((part, index) => seen[index]?.toLowerCase() === part.toLowerCase())) return
  }
}
