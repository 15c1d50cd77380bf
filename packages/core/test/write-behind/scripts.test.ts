import { randomUUID } from 'node:crypto'
import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runScript } from '../../src/protocol/script.ts'
import type { Script } from '../../src/protocol/scripts.generated.ts'
import {
  buryScript,
  enqueueScript,
  markScript,
  pendingScript,
  redriveScript,
  settleScript,
  takeScript,
} from '../../src/write-behind/scripts.generated.ts'
import { type StreamKeys, streamKeys } from '../../src/write-behind/stream-keys.ts'

let server: RedisServer
let redis: Redis
let keys: StreamKeys
beforeAll(async () => {
  server = await startRedis()
  redis = server.client()
})
afterAll(() => server.stop())
beforeEach(() => {
  keys = streamKeys(randomUUID(), 'stock')
})

const text = (reply: unknown): unknown => {
  if (Buffer.isBuffer(reply)) return reply.toString()
  return Array.isArray(reply) ? reply.map(text) : reply
}
const run = async (script: Script, names: readonly (keyof StreamKeys)[], ...args: (string | number)[]) =>
  text(
    await runScript(
      redis,
      script,
      names.map((name) => keys[name]),
      args,
    ),
  )

const fields = (key: string, value = 'v') => ['key', key, 'codec', 'json', 'value', value]
const add = async (id: string, key = 'k') => {
  await redis.xadd(keys.stream, id, ...fields(key))
}
const group = () => redis.xgroup('CREATE', keys.stream, 'writers', '0', 'MKSTREAM')
const deliver = () => redis.xreadgroup('GROUP', 'writers', 'writer', 'STREAMS', keys.stream, '>')
const taken = async (...ids: string[]) => {
  for (const id of ids) await add(id)
  await group()
  await deliver()
}
const positions = async (stream: string) => (await redis.xrange(stream, '-', '+')).map(([id]) => id)
const delivered = async () =>
  ((await redis.xpending(keys.stream, 'writers', '-', '+', 10)) as [string, string, number, number][]).map(([id]) => id)
const myTurn = () => redis.set(keys.lease, 'mine')

describe('enqueue', () => {
  const enqueue = (limit: number) => run(enqueueScript, ['stream', 'newest'], limit, 'k', 'json', '7')

  it('puts the first entry in a stream that is not there, and knows it as the newest of its key', async () => {
    const id = await enqueue(1)

    expect(await redis.xrange(keys.stream, '-', '+')).toEqual([[id, fields('k', '7')]])
    expect(await redis.hgetall(keys.newest)).toEqual({ k: id })
  })

  it('adds one where fewer than the limit wait, which is the newest of its key then', async () => {
    const first = await enqueue(2)
    const second = await enqueue(2)

    expect(await positions(keys.stream)).toEqual([first, second])
    expect(await redis.hgetall(keys.newest)).toEqual({ k: second })
  })

  it('changes nothing where the limit waits, and says how many there are', async () => {
    const first = await enqueue(1)

    expect(await enqueue(1)).toBe(1)

    expect(await positions(keys.stream)).toEqual([first])
    expect(await redis.hgetall(keys.newest)).toEqual({ k: first })
  })
})

describe('pending', () => {
  const pending = () => run(pendingScript, ['stream', 'newest'], 'k')

  it('is nil where no id is known for the key', async () => {
    await add('1-0')

    expect(await pending()).toBeNull()
  })

  it('is codec and value of the entry that is known', async () => {
    await add('1-0')
    await redis.hset(keys.newest, 'k', '1-0')

    expect(await pending()).toEqual(['json', 'v'])
  })

  it('is nil where the entry is gone', async () => {
    await redis.hset(keys.newest, 'k', '1-0')

    expect(await pending()).toBeNull()
  })
})

describe('take', () => {
  const take = (after = '-', count = 10) => run(takeScript, ['stream', 'lease'], 'mine', after, count)

  it.each([
    ['absent', () => Promise.resolve()],
    ['another’s', () => redis.set(keys.lease, 'another’s')],
  ])('takes nothing where the lease is %s', async (_state, prepare) => {
    await prepare()
    await add('1-0')

    expect(await take()).toBe(0)

    expect(await redis.xinfo('GROUPS', keys.stream)).toEqual([])
  })

  it('makes stream and group where there are none', async () => {
    await myTurn()

    expect(await take()).toEqual([])

    expect(await redis.xinfo('GROUPS', keys.stream)).toHaveLength(1)
  })

  it('makes a group from the beginning of a stream that has none', async () => {
    await myTurn()
    await add('1-0')

    expect(await take()).toEqual([['1-0', 0, fields('k')]])

    expect(await delivered()).toEqual(['1-0'])
  })

  it('gives what was taken before first, with its deliveries, and then what was not', async () => {
    await myTurn()
    await taken('1-0', '2-0')
    await redis.xclaim(keys.stream, 'writers', 'writer', 0, '2-0', 'RETRYCOUNT', 4, 'JUSTID')
    await add('3-0')

    expect(await take()).toEqual([
      ['1-0', 1, fields('k')],
      ['2-0', 4, fields('k')],
      ['3-0', 0, fields('k')],
    ])

    expect(await delivered()).toEqual(['1-0', '2-0', '3-0'])
  })

  it('begins behind an id, and gives no more than was asked for', async () => {
    await myTurn()
    await taken('1-0', '2-0')
    await add('3-0')
    await add('4-0')

    expect(await take('(1-0', 2)).toEqual([
      ['2-0', 1, fields('k')],
      ['3-0', 0, fields('k')],
    ])

    expect(await delivered()).toEqual(['1-0', '2-0', '3-0'])
  })

  it('takes one that was deleted out of what was taken', async () => {
    await myTurn()
    await taken('1-0', '2-0')
    await redis.xdel(keys.stream, '1-0')

    expect(await take()).toEqual([['2-0', 1, fields('k')]])

    expect(await delivered()).toEqual(['2-0'])
  })
})

describe('mark', () => {
  const mark = () => run(markScript, ['stream', 'newest'], '1-0', 'k')

  it.each<[string, string | undefined, string | undefined, number]>([
    ['this entry’s id', '1-0', undefined, 1],
    ['no id for the key', undefined, undefined, 1],
    ['another entry’s id', '2-0', '2-0', 0],
    ['an id without entry', '9-0', undefined, 1],
  ])('%s', async (_state, newest, becomes, reply) => {
    await add('1-0')
    await add('2-0')
    if (newest !== undefined) await redis.hset(keys.newest, 'k', newest)

    expect(await mark()).toEqual([reply])

    expect(await redis.hget(keys.newest, 'k')).toBe(becomes ?? null)
  })

  it('answers for each of many', async () => {
    await add('1-0', 'a')
    await add('2-0', 'b')
    await add('3-0', 'b')
    await redis.hset(keys.newest, { a: '1-0', b: '3-0' })

    expect(await run(markScript, ['stream', 'newest'], '1-0', 'a', '2-0', 'b')).toEqual([1, 0])

    expect(await redis.hgetall(keys.newest)).toEqual({ b: '3-0' })
  })
})

describe('settle', () => {
  it('acknowledges what was taken and deletes it, and says how many there were', async () => {
    await taken('1-0', '2-0', '3-0')

    expect(await run(settleScript, ['stream'], '1-0', '3-0', '9-0')).toBe(2)

    expect(await positions(keys.stream)).toEqual(['2-0'])
    expect(await delivered()).toEqual(['2-0'])
  })

  it('deletes what was not taken', async () => {
    await add('1-0')

    expect(await run(settleScript, ['stream'], '1-0')).toBe(1)

    expect(await positions(keys.stream)).toEqual([])
  })
})

describe('bury', () => {
  const bury = (limit: number, ...ids: string[]) =>
    run(buryScript, ['stream', 'lease', 'dead'], 'mine', limit, 'no such row', 3, ...ids)

  it.each([
    ['absent', () => Promise.resolve()],
    ['another’s', () => redis.set(keys.lease, 'another’s')],
  ])('changes nothing where the lease is %s', async (_state, prepare) => {
    await prepare()
    await taken('1-0')

    expect(await bury(10, '1-0')).toBe(-1)

    expect(await positions(keys.stream)).toEqual(['1-0'])
    expect(await positions(keys.dead)).toEqual([])
  })

  it('makes dead letters of entries, with all they had, and acknowledges them', async () => {
    await myTurn()
    await taken('1-0', '2-0')

    expect(await bury(10, '1-0', '2-0')).toBe(0)

    const letters = await redis.xrange(keys.dead, '-', '+')
    expect(letters.map(([, letter]) => letter)).toEqual([
      ['error', 'no such row', 'attempts', '3', 'entry', '1-0', ...fields('k')],
      ['error', 'no such row', 'attempts', '3', 'entry', '2-0', ...fields('k')],
    ])
    expect(await positions(keys.stream)).toEqual([])
    expect(await delivered()).toEqual([])
  })

  it('drops the oldest beyond the limit, and says how many', async () => {
    await myTurn()
    await taken('1-0', '2-0', '3-0')

    expect(await bury(1, '1-0', '2-0', '3-0')).toBe(2)

    expect((await redis.xrange(keys.dead, '-', '+')).map(([, letter]) => letter[5])).toEqual(['3-0'])
  })

  it('makes nothing of an entry that is gone', async () => {
    await myTurn()
    await taken('1-0')

    expect(await bury(10, '9-0')).toBe(0)

    expect(await positions(keys.dead)).toEqual([])
  })
})

describe('redrive', () => {
  const redrive = (id: string, limit: number) => run(redriveScript, ['stream', 'dead'], id, limit)
  const letter = ['error', 'no such row', 'attempts', '3', 'entry', '1-0']

  it('is nil where there is no such dead letter', async () => {
    expect(await redrive('5-0', 10)).toBeNull()
  })

  it('puts it at the end of the stream, with the id of its put', async () => {
    await add('2-0')
    await redis.xadd(keys.dead, '5-0', ...letter, ...fields('k'))

    const id = await redrive('5-0', 10)

    expect((await redis.xrange(keys.stream, '-', '+')).at(-1)).toEqual([id, [...fields('k'), 'put', '1-0']])
    expect(await positions(keys.dead)).toEqual([])
  })

  it('leaves the id of its put to one that was put back before', async () => {
    await redis.xadd(keys.dead, '5-0', ...letter, ...fields('k'), 'put', '0-7')

    const id = await redrive('5-0', 10)

    expect(await redis.xrange(keys.stream, '-', '+')).toEqual([[id, [...fields('k'), 'put', '0-7']]])
  })

  it('changes nothing where the limit waits, and says how many there are', async () => {
    await add('2-0')
    await redis.xadd(keys.dead, '5-0', ...letter, ...fields('k'))

    expect(await redrive('5-0', 1)).toBe(1)

    expect(await positions(keys.stream)).toEqual(['2-0'])
    expect(await positions(keys.dead)).toEqual(['5-0'])
  })
})
