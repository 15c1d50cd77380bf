import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf } from '../../src/entry/entry.ts'
import { expire } from '../../src/protocol/expire.ts'
import { extend } from '../../src/protocol/extend.ts'
import { fill } from '../../src/protocol/fill.ts'
import type { Lease } from '../../src/protocol/store.ts'
import {
  absent,
  answering,
  anotherEntry,
  anothers,
  anotherValue,
  anythingElse,
  barrier,
  commandsDuring,
  lease,
  leased,
  mine,
  myLease,
  newKey,
  type Standing,
  type State,
  spans,
  standing,
  stored,
  value,
  valued,
  withoutTtl,
  withTtl,
} from './standing.ts'

type Reply = Awaited<ReturnType<typeof extend>>

const toRefresh: Lease = { head: headOf(value), ttl: spans.given }
const r = { mark: 'r', markUntil: 'given' } as const
const f = { mark: 'f', markUntil: 'given' } as const

interface Case {
  readonly state: string
  readonly before: State
  readonly right?: Lease
  readonly mark?: 'failed'
  readonly reply: Reply
  readonly after: Standing | 'unchanged'
}

const lost = { reply: 'lost', after: 'unchanged' } as const

const ofALease: Case[] = [
  { state: 'lease, expected', before: lease(mine), reply: 'extended', after: leased(mine) },
  { state: 'lease, expected, without a TTL', before: withoutTtl(lease(mine)), reply: 'extended', after: leased(mine) },
  {
    state: 'lease, expected, with a longer TTL',
    before: withTtl('given', lease(mine)),
    right: { ...myLease, ttl: spans.fresh },
    reply: 'extended',
    after: leased(mine, 'fresh'),
  },
  { state: 'lease, expected, f', before: lease(mine), mark: 'failed', reply: 'extended', after: leased(mine) },
  { state: 'lease, another', before: lease(anothers), ...lost },
  { state: 'lease, another, without a TTL', before: withoutTtl(lease(anothers)), ...lost },
  { state: 'value, where a lease is expected', before: stored(value), ...lost },
  { state: 'barrier', before: barrier('-', [anothers, 'before']), ...lost },
  { state: 'barrier, mine', before: barrier('-', [mine, 'before']), ...lost },
  { state: 'absent', before: absent, ...lost },
  ...anythingElse.map(([state, before]) => ({ state, before, ...lost })),
]

const ofAValue: Case[] = [
  {
    state: 'value, expected, r',
    before: stored(value, { freshUntil: 'over' }),
    reply: 'extended',
    after: valued(value, { ...r, freshUntil: 'over' }),
  },
  {
    state: 'value, expected, r, with a longer TTL',
    before: withTtl('given', stored(value)),
    right: { ...toRefresh, ttl: spans.fresh },
    reply: 'extended',
    after: valued(value, { mark: 'r', markUntil: 'fresh', freshUntil: 'fresh' }),
  },
  {
    state: 'value, expected, r, without a TTL',
    before: withoutTtl(stored(value)),
    reply: 'extended',
    after: valued(value, { ...r, freshUntil: 'fresh' }, 'none'),
  },
  {
    state: 'value, expected, r, marked r',
    before: stored(value, { mark: 'r', markUntil: 'before', freshUntil: 'over' }),
    reply: 'extended',
    after: valued(value, { ...r, freshUntil: 'over' }),
  },
  {
    state: 'value, expected, r, expired by call',
    before: stored(value, { mark: 'r', markUntil: 'before' }),
    reply: 'extended',
    after: valued(value, r, 'before'),
  },
  {
    state: 'value, expected, f',
    before: stored(value, { freshUntil: 'over' }),
    mark: 'failed',
    reply: 'extended',
    after: valued(value, { ...f, freshUntil: 'over' }, 'before'),
  },
  {
    state: 'value, expected, f, marked r',
    before: stored(value, { mark: 'r', markUntil: 'fresh' }),
    mark: 'failed',
    reply: 'extended',
    after: valued(value, f, 'before'),
  },
  {
    state: 'value, expected, f, without a TTL',
    before: withoutTtl(stored(value)),
    mark: 'failed',
    reply: 'extended',
    after: valued(value, { ...f, freshUntil: 'fresh' }, 'none'),
  },
  { state: 'value, another', before: stored(anotherValue), ...lost },
  { state: 'value, another, f', before: stored(anotherValue), mark: 'failed', ...lost },
  { state: 'lease, where a value is expected', before: lease(mine), ...lost },
  { state: 'barrier, where a value is expected', before: barrier('-', [mine, 'before']), ...lost },
  { state: 'absent, where a value is expected', before: absent, ...lost },
].map((row) => ({ right: toRefresh, ...row }) as Case)

describe('extend', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<Case>([...ofALease, ...ofAValue])(
    '$state → $reply',
    async ({ before, right = myLease, mark, reply, after }) => {
      const key = newKey()
      await before(redis, key)
      const was = await standing(redis, key)

      const got = await extend(redis, key, right, mark)

      expect(got).toBe(reply)
      expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : after)
    },
  )

  it.each([
    ['a lease', lease(mine), myLease, leased(mine)],
    ['a refresh', stored(value), toRefresh, valued(value, { ...r, freshUntil: 'fresh' })],
  ] as const)('of %s that is sent again extends again', async (_what, before, right, after) => {
    const key = newKey()
    await before(redis, key)
    await extend(redis, key, right)

    expect(await extend(redis, key, right)).toBe('extended')
    expect(await standing(redis, key)).toEqual(after)
  })

  it.each<readonly [string, (key: string) => Promise<unknown>]>([
    ['was voided', (key) => redis.unlink(key)],
    ['was expired', (key) => expire(redis, [key])],
    ['was refreshed', (key) => fill(redis, key, toRefresh, anotherEntry)],
  ])('of a refresh that arrives after the value %s is lost', async (_what, act) => {
    const key = newKey()
    await stored(value)(redis, key)
    await extend(redis, key, toRefresh)
    await act(key)
    const was = await standing(redis, key)

    expect(await extend(redis, key, toRefresh)).toBe('lost')
    expect(await extend(redis, key, toRefresh, 'failed')).toBe('lost')
    expect(await standing(redis, key)).toEqual(was)
  })

  it('leaves every byte of a large payload as it is', async () => {
    const key = newKey()
    const large = Buffer.concat([value, Buffer.alloc(2 ** 20, '\u0000\n\r\u00ff')])
    await stored(large)(redis, key)

    await extend(redis, key, toRefresh, 'failed')

    expect(await standing(redis, key)).toEqual(valued(large, { ...f, freshUntil: 'fresh' }, 'before'))
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await lease(mine)(redis, key)

    expect(await extend(redis, key, myLease)).toBe('extended')
    expect(await standing(redis, key)).toEqual(leased(mine))

    const commands = await commandsDuring(redis, () => extend(redis, key, myLease))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(extend(answering(reply), newKey(), myLease)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `extend: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
