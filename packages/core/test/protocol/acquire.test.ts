import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf, leaseHead } from '../../src/entry/entry.ts'
import { acquire } from '../../src/protocol/acquire.ts'
import { fill } from '../../src/protocol/fill.ts'
import { invalidate } from '../../src/protocol/invalidate.ts'
import type { Acquired, Attempt } from '../../src/protocol/store.ts'
import {
  absent,
  answering,
  anotherEntry,
  anothers,
  anotherValue,
  barrier,
  commandsDuring,
  entry,
  foreign,
  lease,
  leased,
  likeValues,
  mine,
  newKey,
  type Span,
  type Standing,
  type State,
  spans,
  standing,
  stored,
  text,
  thirds,
  value,
  valued,
  withoutTtl,
  withTtl,
} from './standing.ts'

const otherTypes = new Set(['a list', 'a hash', 'a set', 'a sorted set', 'a stream'])
const acquired: Acquired = { kind: 'acquired', head: leaseHead(mine) }
const refreshing: Acquired = { kind: 'acquired', head: headOf(value) }
const barred: Acquired = { kind: 'barred' }
const heldFor = (span: Span): Acquired => ({
  kind: 'held',
  remaining: expect.toSatisfy((ms) => ms > spans[span] / 2 && ms <= spans[span], `at most ${span}`) as number,
})
const found: Acquired = { kind: 'value', raw: expect.any(Buffer) as Buffer }

const attempt: Attempt = { token: mine, ttl: spans.given }
const refresh: Attempt = { ...attempt, stale: headOf(value) }
const replacing = (raw: Buffer): Attempt => ({ ...attempt, void: headOf(raw) })
const marked = (mark: 'r' | 'f', markUntil: Span | 'over'): State =>
  stored(value, { mark, markUntil, freshUntil: 'over' })
const markedAnew = { mark: 'r', markUntil: 'given' } as const
const likeALease = Buffer.from(`L${anothers} and more`)
const likeABarrier = Buffer.from(`B-${anothers} and more`)

interface Case {
  readonly state: string
  readonly before: State
  readonly how?: Attempt
  readonly reply: Acquired
  readonly after: Standing | 'unchanged'
}

const withoutAValue: Case[] = [
  { state: 'absent', before: absent, reply: acquired, after: leased(mine) },
  { state: 'lease, mine', before: lease(mine), reply: acquired, after: 'unchanged' },
  { state: 'lease, mine, without a TTL', before: withoutTtl(lease(mine)), reply: acquired, after: 'unchanged' },
  { state: 'lease, another’s', before: lease(anothers), reply: heldFor('before'), after: 'unchanged' },
  { state: 'lease without a TTL', before: withoutTtl(lease(anothers)), reply: acquired, after: leased(mine) },
  { state: 'barrier', before: barrier('-', [anothers, 'before']), reply: barred, after: 'unchanged' },
  {
    state: 'barrier of several, contended',
    before: barrier('x', [anothers, 'over'], [thirds, 'before']),
    reply: barred,
    after: 'unchanged',
  },
  {
    state: 'barrier whose time is over, with a TTL left behind',
    before: barrier('-', [anothers, 'over']),
    reply: barred,
    after: 'unchanged',
  },
  {
    state: 'barrier without a TTL',
    before: withoutTtl(barrier('-', [anothers, 'before'])),
    reply: acquired,
    after: leased(mine),
  },
  ...foreign.map(([state, before]): Case => {
    const reply = otherTypes.has(state) ? { ...acquired, replaced: 'another type of key' } : acquired
    return { state, before, reply, after: leased(mine) }
  }),
]

const withAValue: Case[] = [
  { state: 'value', before: stored(value), reply: found, after: 'unchanged' },
  { state: 'value without a TTL', before: withoutTtl(stored(value)), reply: found, after: 'unchanged' },
  { state: 'value, marked r', before: marked('r', 'fresh'), reply: found, after: 'unchanged' },
  ...likeValues.map(([state, raw]): Case => ({ state, before: text(raw), reply: found, after: 'unchanged' })),
]

const withVoid: Case[] = [
  { state: 'value, void', before: stored(value), how: replacing(value), reply: acquired, after: leased(mine) },
  {
    state: 'value, another than void',
    before: stored(value),
    how: replacing(anotherValue),
    reply: found,
    after: 'unchanged',
  },
  {
    state: 'lease, another’s, where a value was void',
    before: lease(anothers),
    how: replacing(value),
    reply: heldFor('before'),
    after: 'unchanged',
  },
  {
    state: 'barrier, where a value was void',
    before: barrier('-', [anothers, 'before']),
    how: replacing(value),
    reply: barred,
    after: 'unchanged',
  },
  {
    state: 'absent, where a value was void',
    before: absent,
    how: replacing(value),
    reply: acquired,
    after: leased(mine),
  },
  ...[...likeValues, ['like a lease', likeALease] as const, ['like a barrier', likeABarrier] as const].map(
    ([what, raw]): Case => ({
      state: `${what}, void`,
      before: text(raw),
      how: replacing(raw),
      reply: acquired,
      after: leased(mine),
    }),
  ),
]

const toRefresh: Case[] = [
  {
    state: 'value, stale',
    before: stored(value, { freshUntil: 'over' }),
    reply: refreshing,
    after: valued(value, { ...markedAnew, freshUntil: 'over' }),
  },
  {
    state: 'value, stale, expired by call',
    before: stored(value, {}),
    reply: refreshing,
    after: valued(value, markedAnew, 'before'),
  },
  {
    state: 'value, stale, with a longer TTL than a lease',
    before: withTtl('given', stored(value)),
    how: { ...refresh, ttl: spans.fresh },
    reply: refreshing,
    after: valued(value, { mark: 'r', markUntil: 'fresh', freshUntil: 'fresh' }),
  },
  {
    state: 'value, stale, without a TTL',
    before: withoutTtl(stored(value)),
    reply: refreshing,
    after: valued(value, { ...markedAnew, freshUntil: 'fresh' }, 'none'),
  },
  { state: 'value, stale, marked r', before: marked('r', 'fresh'), reply: heldFor('fresh'), after: 'unchanged' },
  {
    state: 'value, stale, marked r until a while ago',
    before: marked('r', 'over'),
    reply: refreshing,
    after: valued(value, { ...markedAnew, freshUntil: 'over' }),
  },
  {
    state: 'value, stale, marked f',
    before: marked('f', 'fresh'),
    reply: refreshing,
    after: valued(value, { ...markedAnew, freshUntil: 'over' }),
  },
  { state: 'value, another than the stale one', before: stored(anotherValue), reply: found, after: 'unchanged' },
  {
    state: 'value, another than the stale one, marked r',
    before: stored(anotherValue, { mark: 'r', markUntil: 'fresh' }),
    reply: found,
    after: 'unchanged',
  },
  { state: 'absent, where a value was stale', before: absent, reply: acquired, after: leased(mine) },
  { state: 'lease, mine, where a value was stale', before: lease(mine), reply: acquired, after: 'unchanged' },
  {
    state: 'lease, another’s, where a value was stale',
    before: lease(anothers),
    reply: heldFor('before'),
    after: 'unchanged',
  },
  {
    state: 'barrier, where a value was stale',
    before: barrier('-', [anothers, 'before']),
    reply: barred,
    after: 'unchanged',
  },
].map((row) => ({ how: refresh, ...row }) as Case)

describe('acquire', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<Case>([...withoutAValue, ...withAValue, ...withVoid, ...toRefresh])(
    '$state → $reply.kind',
    async ({ before, how = attempt, reply, after }) => {
      const key = newKey()
      await before(redis, key)
      const was = await standing(redis, key)
      const raw = reply.kind === 'value' ? await redis.getBuffer(key) : undefined

      const got = await acquire(redis, key, how)

      expect(got).toEqual(raw ? { kind: 'value', raw } : reply)
      expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : after)
    },
  )

  it('that is sent again is acquired again', async () => {
    const key = newKey()
    await acquire(redis, key, attempt)

    expect(await acquire(redis, key, attempt)).toEqual(acquired)
    expect(await standing(redis, key)).toEqual(leased(mine))
  })

  it('of a stale value that is sent again finds the refresh under way, and does not prolong it', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    await acquire(redis, key, { ...refresh, ttl: spans.fresh })
    const was = await standing(redis, key)

    expect(await acquire(redis, key, refresh)).toEqual(heldFor('fresh'))
    expect(await standing(redis, key)).toEqual(was)
  })

  it('of a stale value that arrives after an invalidation lets nothing be filled by its refresh', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    await acquire(redis, key, refresh)
    await invalidate(redis, [key])

    expect(await acquire(redis, key, refresh)).toEqual(acquired)
    expect(await fill(redis, key, { head: headOf(value), ttl: spans.given }, anotherEntry)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(leased(mine))
  })

  it('of a stale value that arrives after another has refreshed it finds the new one, unmarked', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    await fill(redis, key, { head: headOf(value), ttl: spans.given }, anotherEntry)

    expect(await acquire(redis, key, refresh)).toMatchObject({ kind: 'value' })
    expect(await standing(redis, key)).toEqual(valued(anotherValue, { freshUntil: 'fresh' }))
  })

  it('that arrives after its fill finds the value', async () => {
    const key = newKey()
    await acquire(redis, key, attempt)
    await fill(redis, key, { head: leaseHead(mine), ttl: spans.given }, entry)

    expect(await acquire(redis, key, attempt)).toMatchObject({ kind: 'value' })
  })

  it('leaves every byte of a large payload as it is', async () => {
    const key = newKey()
    const large = Buffer.concat([value, Buffer.alloc(2 ** 20, '\u0000\n\r\u00ff')])
    await stored(large)(redis, key)

    expect(await acquire(redis, key, refresh)).toEqual(refreshing)
    expect((await redis.getBuffer(key))?.subarray(71).equals(large.subarray(71))).toBe(true)
  })

  it.each([
    ['where nothing stands', absent, attempt],
    ['of a stale value', stored(value), refresh],
  ] as const)('%s is acquired by one of many at once', async (_where, before, how) => {
    const key = newKey()
    await before(redis, key)
    const tokens = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(22, 't'))

    const replies = await Promise.all(tokens.map((token) => acquire(redis, key, { ...how, token })))

    expect(replies.filter(({ kind }) => kind === 'acquired')).toHaveLength(1)
    expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(19)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()

    expect(await acquire(redis, key, attempt)).toEqual(acquired)
    expect(await standing(redis, key)).toEqual(leased(mine))

    const commands = await commandsDuring(redis, () => acquire(redis, newKey(), attempt))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('reads a value only to hand it out', async () => {
    const key = newKey()
    await stored(value)(redis, key)

    expect(await commandsDuring(redis, () => acquire(redis, key, attempt))).toMatchObject({ get: 1 })
    expect(await commandsDuring(redis, () => acquire(redis, key, refresh))).not.toHaveProperty('get')
  })

  it('rejects with what the server says', async () => {
    await expect(acquire(redis, newKey(), { token: mine, ttl: 0 })).rejects.toThrow('invalid expire')
  })

  it.each([[null], [1], [[3]], [[6]], [[0]], [[0, '5']], [[2, null]], [[]]])('refuses the reply %j', async (reply) => {
    await expect(acquire(answering(reply), newKey(), { token: mine, ttl: 1 })).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `acquire: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
