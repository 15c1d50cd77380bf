import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acquire } from '../../src/protocol/acquire.ts'
import { lower, raise } from '../../src/protocol/barrier.ts'
import { fill } from '../../src/protocol/fill.ts'
import type { Attempt } from '../../src/protocol/store.ts'
import {
  absent,
  answering,
  anothers,
  anythingElse,
  barred,
  barrier,
  commandsDuring,
  entry,
  lease,
  mine,
  myLease,
  newKey,
  type Standing,
  type State,
  spans,
  standing,
  stored,
  thirds,
  value,
  valued,
  withoutTtl,
} from './standing.ts'

type Reply = Awaited<ReturnType<typeof raise>>

const writer: Attempt = { token: mine, ttl: spans.given }
const mineAlone = barred('-', [[mine, 'given']])

interface Case {
  readonly state: string
  readonly before: State
  readonly reply: Reply
  readonly after: Standing
}

describe('raise', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<Case>([
    { state: 'barrier, mine', before: barrier('-', [mine, 'before']), reply: 'up', after: mineAlone },
    {
      state: 'barrier, mine and x',
      before: barrier('x', [mine, 'before']),
      reply: 'up',
      after: barred('x', [[mine, 'given']]),
    },
    {
      state: 'barrier, mine, without a TTL',
      before: withoutTtl(barrier('-', [mine, 'before'])),
      reply: 'up',
      after: mineAlone,
    },
    {
      state: 'barrier, mine whose time is over, with a TTL left behind',
      before: barrier('-', [mine, 'over']),
      reply: 'up',
      after: mineAlone,
    },
    {
      state: 'barrier, mine and others’',
      before: barrier('x', [mine, 'before'], [anothers, 'before'], [thirds, 'fresh']),
      reply: 'up',
      after: barred('x', [
        [anothers, 'before'],
        [thirds, 'fresh'],
        [mine, 'given'],
      ]),
    },
    {
      state: 'barrier, mine whose time is over, and others’',
      before: barrier('x', [mine, 'over'], [anothers, 'before']),
      reply: 'up',
      after: barred('x', [
        [anothers, 'before'],
        [mine, 'given'],
      ]),
    },
    {
      state: 'barrier, mine and x, and others’ whose time is over',
      before: barrier('x', [anothers, 'over'], [mine, 'before'], [thirds, 'over']),
      reply: 'up',
      after: barred('x', [[mine, 'given']]),
    },
    {
      state: 'barrier of another',
      before: barrier('-', [anothers, 'before']),
      reply: 'raised',
      after: barred('x', [
        [anothers, 'before'],
        [mine, 'given'],
      ]),
    },
    {
      state: 'barrier of others, some of whose time is over',
      before: barrier('x', [anothers, 'over'], [thirds, 'before']),
      reply: 'raised',
      after: barred('x', [
        [thirds, 'before'],
        [mine, 'given'],
      ]),
    },
    {
      state: 'barrier of others whose time is over, with a TTL left behind',
      before: barrier('x', [anothers, 'over'], [thirds, 'over']),
      reply: 'raised',
      after: mineAlone,
    },
    {
      state: 'barrier of another, without a TTL',
      before: withoutTtl(barrier('-', [anothers, 'before'])),
      reply: 'raised',
      after: barred('x', [
        [anothers, 'before'],
        [mine, 'given'],
      ]),
    },
    { state: 'value', before: stored(value), reply: 'raised', after: mineAlone },
    { state: 'value without a TTL', before: withoutTtl(stored(value)), reply: 'raised', after: mineAlone },
    { state: 'lease', before: lease(anothers), reply: 'raised', after: mineAlone },
    { state: 'lease with the writer’s token', before: lease(mine), reply: 'raised', after: mineAlone },
    { state: 'absent', before: absent, reply: 'raised', after: mineAlone },
    ...anythingElse.map(([state, before]): Case => ({ state, before, reply: 'raised', after: mineAlone })),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)

    const got = await raise(redis, key, writer)

    expect(got).toBe(reply)
    expect(await standing(redis, key)).toEqual(after)
  })

  it('gives a barrier the TTL of the part that ends last', async () => {
    const key = newKey()
    await barrier('-', [anothers, 'given'])(redis, key)

    await raise(redis, key, { token: mine, ttl: spans.fresh })

    expect(await standing(redis, key)).toEqual(
      barred('x', [
        [anothers, 'given'],
        [mine, 'fresh'],
      ]),
    )
  })

  it('ends a part earlier when it is told so', async () => {
    const key = newKey()
    await raise(redis, key, writer)

    expect(await raise(redis, key, { token: mine, ttl: spans.fresh })).toBe('up')
    expect(await standing(redis, key)).toEqual(barred('-', [[mine, 'fresh']], 'fresh'))
  })

  it('that is sent again finds it up, once', async () => {
    const key = newKey()
    await raise(redis, key, writer)

    expect(await raise(redis, key, writer)).toBe('up')
    expect(await standing(redis, key)).toEqual(mineAlone)
  })

  it('that arrives after its barrier was lowered voids what was stored, and lets nothing be filled', async () => {
    const key = newKey()
    await raise(redis, key, writer)
    await lower(redis, key, { token: mine, settle: 0, entry })

    expect(await raise(redis, key, writer)).toBe('raised')
    expect(await standing(redis, key)).toEqual(mineAlone)
    expect(await acquire(redis, key, { token: anothers, ttl: 1 })).toEqual({ kind: 'barred' })
  })

  it('voids a lease: its fill is rejected while the barrier stands, and afterwards', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await raise(redis, key, writer)

    expect(await fill(redis, key, myLease, entry)).toBe('rejected')
    await lower(redis, key, { token: mine, settle: 0 })
    expect(await fill(redis, key, myLease, entry)).toBe('rejected')
    expect(await standing(redis, key)).toBeNull()
  })

  it('keeps the part of each of many writers at once', async () => {
    const key = newKey()
    const tokens = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(22, 't'))

    const replies = await Promise.all(tokens.map((token) => raise(redis, key, { token, ttl: spans.given })))

    expect(new Set(replies)).toEqual(new Set(['raised']))
    expect(await standing(redis, key)).toEqual(
      barred(
        'x',
        tokens.map((token) => [token, 'given']),
      ),
    )
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()

    expect(await raise(redis, key, writer)).toBe('raised')
    expect(await standing(redis, key)).toEqual(mineAlone)

    const commands = await commandsDuring(redis, () => raise(redis, key, writer))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('rejects with what the server says, and leaves what stands there', async () => {
    const key = newKey()
    await stored(value)(redis, key)

    await expect(raise(redis, key, { token: mine, ttl: 0 })).rejects.toThrow('invalid expire')
    expect(await standing(redis, key)).toEqual(valued(value, { freshUntil: 'fresh' }, 'before'))
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(raise(answering(reply), newKey(), writer)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `raise: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
