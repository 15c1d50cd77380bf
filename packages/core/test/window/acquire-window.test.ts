import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaseHead } from '../../src/entry/entry.ts'
import type { Acquired, Attempt } from '../../src/protocol/store.ts'
import { windowShape } from '../../src/window/window-shape.ts'
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
  thirds,
  value,
  withoutTtl,
} from '../protocol/standing.ts'
import { count, headIn, listed, rawOf, standingAt, windowOf } from './standing-window.ts'

const window = windowOf('"a"', '"b"')
const another = windowOf('"z"')
const attempt: Attempt = { token: mine, ttl: spans.given }

const acquired = { kind: 'acquired', head: leaseHead(mine) } as const
const replaced = { ...acquired, replaced: 'another type of key' } as const
const found = { kind: 'value', raw: rawOf(window) } as const
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
/** Told apart by a read: no need to tell again. */
const lists: ReadonlySet<string> = new Set(['a list'])

describe('acquireWindow', () => {
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
    { state: 'window', before: listed(window), reply: found, ...unchanged },
    { state: 'window without a TTL', before: withoutTtl(listed(window)), reply: found, ...unchanged },
    { state: 'window, void', before: listed(window), how: { void: headIn(window) }, reply: acquired, ...taken },
    {
      state: 'window, another than void',
      before: listed(window),
      how: { void: headIn(another) },
      reply: found,
      ...unchanged,
    },
    { state: 'window, stale', before: listed(window), how: { stale: headIn(window) }, reply: acquired, ...taken },
    {
      state: 'window, another than stale',
      before: listed(window),
      how: { stale: headIn(another) },
      reply: found,
      ...unchanged,
    },
    {
      state: 'lease, another’s, where a window was void',
      before: lease(anothers),
      how: { void: headIn(window) },
      reply: held,
      ...unchanged,
    },
    {
      state: 'list without a header',
      before: (client, key) => client.rpush(key, '"a"'),
      reply: acquired,
      ...taken,
    },
    {
      state: 'list of a lease',
      before: (client, key) => client.rpush(key, `L${anothers}`),
      reply: acquired,
      ...taken,
    },
    {
      state: 'list of the head of a value',
      before: (client, key) => client.rpush(key, `V${anothers}`),
      reply: acquired,
      ...taken,
    },
    { state: 'a value that is a string', before: stored(value), reply: replaced, ...taken },
    ...anythingElse.map(([state, before]): Case => {
      return { state, before, reply: lists.has(state) ? acquired : replaced, ...taken }
    }),
  ])('$state → $reply.kind', async ({ before, how, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standingAt(redis, key)
    const attempted = { ...attempt, ...how }

    const got = await windowShape(count).acquire(redis, key, attempted)

    expect(got).toEqual(reply)
    expect(await standingAt(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('is acquired by one of many at once', async () => {
    const key = newKey()
    const tokens = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(22, 't'))

    const replies = await Promise.all(
      tokens.map((token) => windowShape(count).acquire(redis, key, { ...attempt, token })),
    )

    expect(replies.filter(({ kind }) => kind === 'acquired')).toHaveLength(1)
    expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(19)
  })

  it('reads a window only to hand it out', async () => {
    const key = newKey()
    await listed(window)(redis, key)
    const acquire = (how: Partial<Attempt>) => windowShape(count).acquire(redis, key, { ...attempt, ...how })

    expect(await commandsDuring(redis, () => acquire({}))).toMatchObject({ lrange: 1 })
    expect(await commandsDuring(redis, () => acquire({ void: headIn(window) }))).not.toHaveProperty('lrange')
  })

  it('rejects with what the server says', async () => {
    await expect(windowShape(count).acquire(redis, newKey(), { ...attempt, ttl: 0 })).rejects.toThrow('invalid expire')
  })

  it.each([[null], [1], [[3]], [[6]], [[0]], [[0, '5']], [[2, null]], [[2, []]], [[]]])(
    'refuses the reply %j',
    async (reply) => {
      await expect(windowShape(count).acquire(answering(reply), newKey(), attempt)).rejects.toMatchObject({
        code: 'PROTOCOL',
      })
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
    ['a window', listed(window), rawOf(window)],
    ['a window without items', listed(windowOf()), null],
    ['nothing', absent, null],
    ['a lease', lease(anothers), null],
    ['a barrier', barrier('-', [anothers, 'before']), null],
    ['a hash', (client, key) => client.hset(key, 'a', 'b'), null],
  ])('of %s', async (what, before, raw) => {
    const key = newKey()
    await before(redis, key)

    const read = await windowShape(count).read(redis, key)

    if (what === 'a window without items') expect(read?.at(-1)).toBe('\n'.charCodeAt(0))
    else expect(read).toEqual(raw)
  })

  it('rejects with what the server says', async () => {
    const refused = { ...answering(null), callBuffer: async () => Promise.reject(new Error('LOADING')) }

    await expect(windowShape(count).read(refused, 'k')).rejects.toThrow('LOADING')
  })
})
