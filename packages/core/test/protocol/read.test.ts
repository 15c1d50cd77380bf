import { once } from 'node:events'
import { gate, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ReadBatch, read } from '../../src/protocol/read.ts'
import type { Reading } from '../../src/protocol/store.ts'
import {
  absent,
  anothers,
  anotherValue,
  commandsDuring,
  foreign,
  lease,
  newKey,
  type State,
  text,
  value,
} from './standing.ts'

let server: RedisServer
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
  redis = server.client()
})
afterAll(() => server.stop())

const batchThat = (send: (batch: string[]) => Promise<(Buffer | null)[]>) => new ReadBatch(send, { splits: false })
const batchOf = (client: Redis) => batchThat((keys) => read(client, keys))

const standingGeneration = 'g'.repeat(16)
/** A key with what a namespace is at. */
async function newGeneration(generation = standingGeneration): Promise<string> {
  const key = newKey()
  await redis.set(key, generation)
  return key
}

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
    const generation = await newGeneration()
    const reads = batchOf(redis)
    let readings: Reading[] = []

    const commands = await commandsDuring(redis, async () => {
      readings = await Promise.all(keys.map((key) => reads.read(key, generation)))
    })

    expect(commands).toEqual({ mget: 1 })
    expect(readings).toEqual(values.map((raw) => ({ raw, generation: standingGeneration, tags: undefined })))
  })

  it('of one key are one command, with what its namespace is at', async () => {
    const reads = batchOf(redis)

    expect(await commandsDuring(redis, () => reads.read(newKey(), newKey()))).toEqual({ mget: 1 })
  })

  it('of what a namespace is at are a GET, and have no entry', async () => {
    const generation = await newGeneration()
    const reads = batchOf(redis)
    let reading: Reading | undefined

    const commands = await commandsDuring(redis, async () => {
      reading = await reads.read(undefined, generation)
    })

    expect(commands).toEqual({ get: 1 })
    expect(reading).toEqual({ raw: null, generation: standingGeneration, tags: undefined })
  })

  it('of several namespaces in one tick are one command, and each has what its own is at', async () => {
    const { keys, values } = await newValues(3)
    const [one, another, none] = [await newGeneration(), await newGeneration('h'.repeat(16)), newKey()]
    const generations = [one, another, none]
    const asked: string[][] = []
    const reads = batchThat((batch) => {
      asked.push(batch)
      return read(redis, batch)
    })

    const readings = await Promise.all(keys.map((key, index) => reads.read(key, generations[index] ?? '')))

    expect(asked).toHaveLength(1)
    expect(readings.map(({ raw }) => raw)).toEqual(values)
    expect(readings.map(({ generation }) => generation)).toEqual([standingGeneration, 'h'.repeat(16), undefined])
  })

  it.each<readonly [string, State]>([
    ['nothing', absent],
    ['a text that is too short', text('g'.repeat(15))],
    ['a text that is too long', text('g'.repeat(17))],
    ['an empty string', text('')],
    ...foreign.filter(([state]) => wrongTypes.includes(state)),
  ])('find no generation in %s, alone or with an entry', async (_state, before) => {
    const generation = newKey()
    await before(redis, generation)
    const { keys, values } = await newValues(1)
    const reads = batchOf(redis)

    expect(await reads.read(undefined, generation)).toMatchObject({ generation: undefined })
    expect(await reads.read(keys[0], generation)).toEqual({ raw: values[0], generation: undefined, tags: undefined })
  })

  it('of two ticks are two commands', async () => {
    const reads = batchOf(redis)
    const generation = newKey()

    const commands = await commandsDuring(redis, async () => {
      const first = [reads.read(newKey(), generation), reads.read(newKey(), generation)]
      await nextTurn()
      const second = [reads.read(newKey(), generation), reads.read(newKey(), generation)]
      await Promise.all([...first, ...second])
    })

    expect(commands).toEqual({ mget: 2 })
  })

  it('of callers that were woken together are one command', async () => {
    const reads = batchOf(redis)
    const generation = newKey()
    const alarm = gate<void>()
    const woken = alarm.load()
    const callers = Array.from({ length: 10 }, async (_, depth) => {
      await woken
      for (let step = 0; step < depth; step++) await Promise.resolve()
      return reads.read(newKey(), generation)
    })

    const commands = await commandsDuring(redis, async () => {
      alarm.answer()
      await Promise.all(callers)
    })

    expect(commands).toEqual({ mget: 1 })
  })

  it('of the same key in one tick ask for it once, and each has the answer', async () => {
    const { keys, values } = await newValues(2)
    const generation = newKey()
    const asked: string[][] = []
    const reads = batchThat((batch) => {
      asked.push(batch)
      return read(redis, batch)
    })

    const readings = await Promise.all([...keys, ...keys, ...keys].map((key) => reads.read(key, generation)))

    expect(asked).toEqual([[generation, ...keys]])
    expect(readings.map(({ raw }) => raw)).toEqual([...values, ...values, ...values])
  })

  it.each([
    [510, [511]],
    [1_023, [1_024]],
    [1_024, [1_024, 2]],
    [2_600, [1_024, 1_024, 555]],
  ])('of %i keys are commands of %j keys, each with its own answer', async (count, sizes) => {
    const { keys, values } = await newValues(count)
    const generation = await newGeneration()
    const asked: number[] = []
    const reads = batchThat((batch) => {
      asked.push(batch.length)
      return read(redis, batch)
    })

    const readings = await Promise.all(keys.map((key) => reads.read(key, generation)))

    expect(asked).toEqual(sizes)
    expect(readings).toEqual(values.map((raw) => ({ raw, generation: standingGeneration, tags: undefined })))
  })

  it('never join a batch that was sent: what changed since then is seen', async () => {
    using proxy = await startFaultProxy(server)
    const slow = server.client({ port: proxy.port })
    await once(slow, 'ready')
    const monitor = await redis.monitor()
    onTestFinished(() => monitor.disconnect())
    const reads = batchOf(slow)
    const [key, generation] = [newKey(), await newGeneration()]
    await text(value)(redis, key)

    proxy.blackHole('toClient')
    const early = reads.read(key, generation)
    await commandSeen(monitor, 'mget', generation, key)
    await text(anotherValue)(redis, key)
    await redis.set(generation, 'h'.repeat(16))
    const late = reads.read(key, generation)
    proxy.heal()

    expect(await early).toMatchObject({ raw: value, generation: standingGeneration })
    expect(await late).toMatchObject({ raw: anotherValue, generation: 'h'.repeat(16) })
  })

  it('never join a batch that was sent because it was full', async () => {
    const held = gate<void>()
    const asked: string[][] = []
    const reads = batchThat(async (batch) => {
      asked.push(batch)
      await held.load()
      return read(redis, batch)
    })
    const generation = newKey()
    const keys = Array.from({ length: 1_023 }, newKey)
    const [again = ''] = keys

    const all = [...keys, again].map((key) => reads.read(key, generation))
    await nextTurn()
    held.answer()
    held.answer()
    await Promise.all(all)

    expect(asked).toEqual([
      [generation, ...keys],
      [generation, again],
    ])
  })

  it('of a batch that failed all reject, and the next batch is asked again', async () => {
    const { keys, values } = await newValues(2)
    let attempts = 0
    const generation = newKey()
    const reads = batchThat(async (batch) => {
      if (++attempts === 1) throw new Error('no answer')
      return read(redis, batch)
    })
    const readAll = () => Promise.allSettled(keys.map((key) => reads.read(key, generation)))

    const failed = await readAll()
    const succeeded = await readAll()

    expect(failed).toMatchObject(keys.map(() => ({ status: 'rejected', reason: { message: 'no answer' } })))
    expect(succeeded).toMatchObject(values.map((raw) => ({ status: 'fulfilled', value: { raw } })))
  })
})

describe('reads that are split', () => {
  const splitThat = (send: (batch: string[]) => Promise<(Buffer | null)[]>) => new ReadBatch(send, { splits: true })

  it('are a command for each key, and one for what their namespace is at', async () => {
    const { keys, values } = await newValues(3)
    const generation = await newGeneration()
    const reads = splitThat((batch) => read(redis, batch))
    let readings: Reading[] = []

    const commands = await commandsDuring(redis, async () => {
      readings = await Promise.all([...keys, ...keys].map((key) => reads.read(key, generation)))
    })

    expect(commands).toEqual({ get: 4 })
    expect(readings).toEqual(
      [...values, ...values].map((raw) => ({ raw, generation: standingGeneration, tags: undefined })),
    )
  })

  it('of what a namespace is at have no entry', async () => {
    const generation = await newGeneration()
    const reads = splitThat((batch) => read(redis, batch))

    expect(await reads.read(undefined, generation)).toEqual({
      raw: null,
      generation: standingGeneration,
      tags: undefined,
    })
  })

  it('reject where one of their own commands fails, and nowhere else', async () => {
    const { keys, values } = await newValues(2)
    const [one, another] = [await newGeneration(), await newGeneration()]
    const [silent = '', answering = ''] = keys
    const reads = splitThat(async (batch) => {
      if (batch.includes(silent) || batch.includes(another)) throw new Error('no answer')
      return read(redis, batch)
    })

    const answers = await Promise.allSettled([
      reads.read(silent, one),
      reads.read(answering, one),
      reads.read(answering, another),
      reads.read(undefined, one),
      reads.read(undefined, another),
    ])

    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected'])
    expect(answers[1]).toMatchObject({ value: { raw: values[1], generation: standingGeneration } })
  })
})

async function commandSeen(monitor: Redis, ...command: readonly string[]): Promise<void> {
  for (;;) {
    const [, seen] = (await once(monitor, 'monitor')) as [time: string, seen: string[]]
    if (command.every((part, index) => seen[index]?.toLowerCase() === part.toLowerCase())) return
  }
}
