import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf, leaseHead } from '../../src/entry/entry.ts'
import { expire } from '../../src/protocol/expire.ts'
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
  entry,
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
} from './standing.ts'

type Reply = Awaited<ReturnType<typeof fill>>

/** The right to refresh a value. */
const toRefresh: Lease = { head: headOf(anotherValue), ttl: spans.given }
const filled = valued(value, { freshUntil: 'fresh' })

interface Case {
  readonly state: string
  readonly before: State
  readonly right?: Lease
  readonly reply: Reply
  readonly after: Standing | 'unchanged'
}

const rejected = { reply: 'rejected', after: 'unchanged' } as const

describe('fill', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<Case>([
    { state: 'absent', before: absent, ...rejected },
    { state: 'lease, expected', before: lease(mine), reply: 'accepted', after: filled },
    { state: 'lease, expected, without a TTL', before: withoutTtl(lease(mine)), reply: 'accepted', after: filled },
    { state: 'lease, another', before: lease(anothers), ...rejected },
    { state: 'lease, expected but for upper and lower case', before: lease(swapCase(mine)), ...rejected },
    { state: 'lease, where a value is expected', before: lease(mine), right: toRefresh, ...rejected },
    { state: 'value, expected', before: stored(anotherValue), right: toRefresh, reply: 'accepted', after: filled },
    {
      state: 'value, expected, marked r',
      before: stored(anotherValue, { mark: 'r', markUntil: 'before', freshUntil: 'over' }),
      right: toRefresh,
      reply: 'accepted',
      after: filled,
    },
    {
      state: 'value, expected, expired by call and without a TTL',
      before: withoutTtl(stored(anotherValue, {})),
      right: toRefresh,
      reply: 'accepted',
      after: filled,
    },
    { state: 'value, this very one', before: stored(value), reply: 'accepted', after: 'unchanged' },
    {
      state: 'value, this very one, marked r since',
      before: stored(value, { mark: 'r', markUntil: 'before', freshUntil: 'over' }),
      reply: 'accepted',
      after: 'unchanged',
    },
    { state: 'value, another', before: stored(anotherValue), ...rejected },
    { state: 'value, another, without a TTL', before: withoutTtl(stored(anotherValue)), ...rejected },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...rejected },
    { state: 'barrier, mine', before: barrier('-', [mine, 'before']), ...rejected },
    {
      state: 'barrier, where a value is expected',
      before: barrier('x', [mine, 'before']),
      right: toRefresh,
      ...rejected,
    },
    ...anythingElse.map(([state, before]) => ({ state, before, ...rejected })),
  ])('$state → $reply', async ({ before, right = myLease, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    const got = await fill(redis, key, right, entry)

    expect(got).toBe(reply)
    expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it.each([
    ['a lease', lease(mine), myLease],
    ['a value', stored(anotherValue), toRefresh],
  ] as const)('of %s that is sent again is accepted again', async (_what, before, right) => {
    const key = newKey()
    await before(redis, key)
    await fill(redis, key, right, entry)

    expect(await fill(redis, key, right, entry)).toBe('accepted')
    expect(await standing(redis, key)).toEqual(filled)
  })

  it('that arrives after the value was voided is rejected', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fill(redis, key, myLease, entry)
    await redis.unlink(key)

    expect(await fill(redis, key, myLease, entry)).toBe('rejected')
    expect(await standing(redis, key)).toBeNull()
  })

  it('that arrives after the value was voided, and leased to another, is rejected', async () => {
    const key = newKey()
    await stored(anotherValue)(redis, key)
    await fill(redis, key, toRefresh, entry)
    await lease(anothers)(redis, key)

    expect(await fill(redis, key, toRefresh, entry)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(leased(anothers, 'before'))
  })

  it.each([
    ['filled', lease(mine), myLease],
    ['to be refreshed', stored(anotherValue), toRefresh],
  ] as const)('that arrives after the value it has %s was expired is rejected', async (_what, before, right) => {
    const key = newKey()
    await before(redis, key)
    if (right === myLease) await fill(redis, key, right, entry)
    await expire(redis, [key])
    const was = await standing(redis, key)

    expect(await fill(redis, key, right, entry)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(was)
  })

  it('that arrives after the value it has filled was refreshed is rejected', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fill(redis, key, myLease, entry)
    await fill(redis, key, { head: headOf(value), ttl: spans.given }, anotherEntry)

    expect(await fill(redis, key, myLease, entry)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(valued(anotherValue, { freshUntil: 'fresh' }))
  })

  it('with another value is rejected where the lease was filled already', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fill(redis, key, myLease, entry)

    expect(await fill(redis, key, myLease, anotherEntry)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(filled)
  })

  it('of one value is accepted from one of many at once', async () => {
    const key = newKey()
    await stored(anotherValue)(redis, key)
    const entries = Array.from({ length: 20 }, (_, index) => ({
      ...entry,
      raw: Buffer.concat([Buffer.from(`V${'i'.repeat(20)}${String(index).padStart(2, '0')}`), value.subarray(23)]),
    }))

    const replies = await Promise.all(entries.map((each) => fill(redis, key, toRefresh, each)))

    expect(replies.filter((reply) => reply === 'accepted')).toHaveLength(1)
  })

  it('stores every byte of a large payload', async () => {
    const key = newKey()
    const raw = Buffer.concat([value, Buffer.alloc(2 ** 20, '\u0000\n\r\u00ff')])
    await lease(mine)(redis, key)

    expect(await fill(redis, key, myLease, { ...entry, raw })).toBe('accepted')
    expect(await standing(redis, key)).toEqual(valued(raw, { freshUntil: 'fresh' }))
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await lease(mine)(redis, key)

    expect(await fill(redis, key, myLease, entry)).toBe('accepted')
    expect(await standing(redis, key)).toEqual(filled)

    const commands = await commandsDuring(redis, () => fill(redis, newKey(), myLease, entry))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('rejects with what the server says, and leaves the lease', async () => {
    const key = newKey()
    await lease(mine)(redis, key)

    await expect(fill(redis, key, myLease, { ...entry, ttl: 0 })).rejects.toThrow('invalid expire')
    expect(await standing(redis, key)).toEqual(leased(mine, 'before'))
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(fill(answering(reply), newKey(), { head: leaseHead(mine), ttl: 1 }, entry)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `fill: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})

function swapCase(token: string): string {
  return token.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
}
