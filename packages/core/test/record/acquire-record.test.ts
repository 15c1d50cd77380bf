import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaseHead } from '../../src/entry/entry.ts'
import type { Acquired, Attempt } from '../../src/protocol/store.ts'
import {
  absent,
  answering,
  anothers,
  anythingElse,
  barrier,
  commandsDuring,
  lease,
  leased,
  mine,
  newKey,
  type Standing,
  type State,
  spans,
  stored,
  text,
  thirds,
  value,
  withoutTtl,
} from '../protocol/standing.ts'
import { hashed, headIn, marked, negativeRecord, rawOf, recordOf, shape, standingAt } from './standing-record.ts'

const record = recordOf({ name: 'Lamp', stock: '5', note: '' })
const another = recordOf({ name: 'Vase', stock: '1' })
const negative = negativeRecord()
const atWork = marked(record)
/** The same with other bytes in its header, a writer's mark among them. */
const changed = (from: number, bytes: string) => {
  const { header, fields } = from === 25 ? atWork : record
  return { header: `${header.slice(0, from)}${bytes}${header.slice(from + bytes.length)}`, fields }
}
const attempt: Attempt = { token: mine, ttl: spans.given }

const acquired = { kind: 'acquired', head: leaseHead(mine) } as const
const replaced = { ...acquired, replaced: 'another type of key' } as const
const found = { kind: 'value', raw: rawOf(record) } as const
const barred = { kind: 'barred' } as const
/** Remaining for about as long as `before`. */
const held = { kind: 'held', remaining: expect.toSatisfy((left: number) => left > spans.before / 2) } as const

interface Case {
  readonly state: string
  readonly before: State
  readonly how?: Partial<Attempt>
  readonly reply: Acquired
  readonly after: Standing | 'unchanged'
}

const unchanged = { after: 'unchanged' } as const
const taken = { after: leased(mine) } as const

describe('acquireRecord', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<Case>([
    { state: 'absent', before: absent, reply: acquired, ...taken },
    { state: 'lease, mine', before: lease(mine), reply: acquired, ...unchanged },
    { state: 'lease, mine, without a TTL', before: withoutTtl(lease(mine)), reply: acquired, ...unchanged },
    { state: 'lease, another’s', before: lease(anothers), reply: held, ...unchanged },
    {
      state: 'lease, another’s, where a record was void',
      before: lease(anothers),
      how: { void: headIn(record) },
      reply: held,
      ...unchanged,
    },
    { state: 'lease without a TTL', before: withoutTtl(lease(anothers)), reply: acquired, ...taken },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), reply: barred, ...unchanged },
    {
      state: 'barrier of several, contended',
      before: barrier('x', [anothers, 'over'], [thirds, 'before']),
      reply: barred,
      ...unchanged,
    },
    {
      state: 'barrier without a TTL',
      before: withoutTtl(barrier('-', [anothers, 'before'])),
      reply: acquired,
      ...taken,
    },
    { state: 'record', before: hashed(record), reply: found, ...unchanged },
    { state: 'record without a TTL', before: withoutTtl(hashed(record)), reply: found, ...unchanged },
    {
      state: 'record with fields that nobody declares',
      before: hashed({ ...record, fields: { ...record.fields, colour: 'red' } }),
      reply: found,
      ...unchanged,
    },
    {
      state: 'record, negative',
      before: hashed(negative),
      reply: { kind: 'value', raw: rawOf(negative) },
      ...unchanged,
    },
    { state: 'record, void', before: hashed(record), how: { void: headIn(record) }, reply: acquired, ...taken },
    {
      state: 'record, another than void',
      before: hashed(record),
      how: { void: headIn(another) },
      reply: found,
      ...unchanged,
    },
    { state: 'record, stale', before: hashed(record), how: { stale: headIn(record) }, reply: acquired, ...taken },
    {
      state: 'record, another than stale',
      before: hashed(record),
      how: { stale: headIn(another) },
      reply: found,
      ...unchanged,
    },
    { state: 'record, marked w', before: hashed(atWork), reply: { kind: 'value', raw: rawOf(atWork) }, ...unchanged },
    {
      state: 'record, void, marked w',
      before: hashed(atWork),
      how: { void: headIn(record) },
      reply: barred,
      ...unchanged,
    },
    {
      state: 'record, void, marked w until a while ago',
      before: hashed(marked(record, 1)),
      how: { void: headIn(record) },
      reply: acquired,
      ...taken,
    },
    {
      state: 'record, void, marked w until no time',
      before: hashed(changed(25, 'tomorrow')),
      how: { void: headIn(record) },
      reply: acquired,
      ...taken,
    },
    {
      state: 'record, void, with another mark',
      before: hashed(changed(24, `r${'9'.repeat(13)}`)),
      how: { void: headIn(record) },
      reply: acquired,
      ...taken,
    },
    { state: 'a text that begins like my lease', before: text(`L${mine} and more`), reply: replaced, ...taken },
    {
      state: 'hash with a header that is cut',
      before: hashed({ ...record, header: record.header.slice(0, 88) }),
      reply: replaced,
      ...taken,
    },
    {
      state: 'hash with a header that is none',
      before: hashed({ ...record, header: `L${record.header.slice(1)}` }),
      reply: replaced,
      ...taken,
    },
    {
      state: 'hash with a lease for a header',
      before: (client, key) => client.hset(key, '@', `L${anothers}`),
      reply: replaced,
      ...taken,
    },
    { state: 'a value that is a string', before: stored(value), reply: replaced, ...taken },
    ...anythingElse.map(([state, before]): Case => ({ state, before, reply: replaced, ...taken })),
  ])('$state → $reply.kind', async ({ before, how, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standingAt(redis, key)

    const got = await shape.acquire(redis, key, { ...attempt, ...how })

    expect(got).toEqual(reply)
    expect(await standingAt(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('that is sent again is acquired again', async () => {
    const key = newKey()
    await shape.acquire(redis, key, attempt)

    expect(await shape.acquire(redis, key, attempt)).toEqual(acquired)
    expect(await standingAt(redis, key)).toEqual(leased(mine))
  })

  it('is acquired by one of many at once', async () => {
    const key = newKey()
    const tokens = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(22, 't'))

    const replies = await Promise.all(tokens.map((token) => shape.acquire(redis, key, { ...attempt, token })))

    expect(replies.filter(({ kind }) => kind === 'acquired')).toHaveLength(1)
    expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(19)
  })

  it('reads the fields that are shown, and only to hand them out', async () => {
    const key = newKey()
    await hashed(record)(redis, key)
    const part = shape.part(['stock'])

    expect(await part.acquire(redis, key, attempt)).toEqual({ kind: 'value', raw: rawOf(record, ['stock']) })
    const commands = await commandsDuring(redis, () => shape.acquire(redis, key, { ...attempt, void: headIn(record) }))
    expect(commands).not.toHaveProperty('hmget')
  })

  it('rejects with what the server says', async () => {
    await expect(shape.acquire(redis, newKey(), { ...attempt, ttl: 0 })).rejects.toThrow('invalid expire')
  })

  it.each([[null], [1], [[3]], [[6]], [[0]], [[0, '5']], [[2, [null]]], [[]]])(
    'refuses the reply %j',
    async (reply) => {
      await expect(shape.acquire(answering(reply), newKey(), attempt)).rejects.toMatchObject({ code: 'PROTOCOL' })
    },
  )
})

describe('read', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<[string, State, Buffer | null]>([
    ['a record', hashed(record), rawOf(record)],
    ['a negative record', hashed(negative), rawOf(negative)],
    ['a hash without a header', (client, key) => client.hset(key, 'name', 'Lamp'), null],
    ['nothing', absent, null],
    ['a lease', lease(anothers), null],
    ['a barrier', barrier('-', [anothers, 'before']), null],
    ['a list', (client, key) => client.rpush(key, 'a'), null],
  ])('of %s', async (_what, before, raw) => {
    const key = newKey()
    await before(redis, key)

    expect(await shape.read(redis, key)).toEqual(raw)
  })

  it('has no more than what is asked for', async () => {
    const key = newKey()
    await hashed(record)(redis, key)

    expect(await shape.part(['note', 'name']).read(redis, key)).toEqual(rawOf(record, ['name', 'note']))
  })

  it('rejects with what the server says', async () => {
    const failing = { ...answering(null), callBuffer: () => Promise.reject(new Error('LOADING')) }

    await expect(shape.read(failing, newKey())).rejects.toThrow('LOADING')
  })
})
