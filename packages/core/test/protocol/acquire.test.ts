import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf, leaseHead } from '../../src/entry/entry.ts'
import { acquire } from '../../src/protocol/acquire.ts'
import type { Acquired } from '../../src/protocol/store.ts'
import {
  absent,
  answering,
  anothers,
  anotherValue,
  commandsDuring,
  foreign,
  lease,
  mine,
  newKey,
  type Standing,
  type State,
  standing,
  text,
  ttlGiven,
  value,
  withoutTtl,
  written,
} from './standing.ts'

const acquired: Acquired = { kind: 'acquired' }
const held: Acquired = { kind: 'held', remaining: expect.toSatisfy((ms) => ms > 0 && ms <= 60_000) as number }
const found = (raw: Buffer): Acquired => ({ kind: 'value', raw })
const myLease = written(leaseHead(mine))

/** Somebody else's, which have the beginning and the length of ours. */
const likeAValue = Buffer.concat([Buffer.from('V'), Buffer.alloc(40, 0xff)])
const likeALease = Buffer.concat([Buffer.from('L'), Buffer.alloc(40, 0xff)])

describe('acquire', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<{ state: string; before: State; replacing?: Buffer; reply: Acquired; after: Standing | 'unchanged' }>([
    { state: 'absent', before: absent, reply: acquired, after: myLease },
    { state: 'lease, mine', before: lease(mine), reply: acquired, after: 'unchanged' },
    { state: 'lease, mine, without a TTL', before: withoutTtl(lease(mine)), reply: acquired, after: 'unchanged' },
    { state: 'lease, another’s', before: lease(anothers), reply: held, after: 'unchanged' },
    { state: 'lease without a TTL', before: withoutTtl(lease(anothers)), reply: acquired, after: myLease },
    { state: 'value', before: text(value), reply: found(value), after: 'unchanged' },
    { state: 'value without a TTL', before: withoutTtl(text(value)), reply: found(value), after: 'unchanged' },
    { state: 'a head alone', before: text(headOf(value)), reply: found(headOf(value)), after: 'unchanged' },
    { state: 'value, replacing', before: text(value), replacing: headOf(value), reply: acquired, after: myLease },
    {
      state: 'value, replacing another',
      before: text(value),
      replacing: headOf(anotherValue),
      reply: found(value),
      after: 'unchanged',
    },
    {
      state: 'lease, another’s, replacing a value',
      before: lease(anothers),
      replacing: headOf(value),
      reply: held,
      after: 'unchanged',
    },
    { state: 'bytes that begin like a value', before: text(likeAValue), reply: found(likeAValue), after: 'unchanged' },
    {
      state: 'bytes that begin like a value, replacing',
      before: text(likeAValue),
      replacing: headOf(likeAValue),
      reply: acquired,
      after: myLease,
    },
    {
      state: 'bytes that begin like a lease, replacing',
      before: text(likeALease),
      replacing: headOf(likeALease),
      reply: acquired,
      after: myLease,
    },
    ...foreign.map(([state, before]) => ({ state, before, reply: acquired, after: myLease })),
  ])('$state → $reply.kind', async ({ before, replacing, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    const got = await acquire(redis, key, { token: mine, ttl: ttlGiven, replacing })

    expect(got).toEqual(reply)
    expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('that is sent again is acquired again', async () => {
    const key = newKey()
    await acquire(redis, key, { token: mine, ttl: ttlGiven })

    expect(await acquire(redis, key, { token: mine, ttl: ttlGiven })).toEqual(acquired)
  })

  it('is acquired by one of many at once', async () => {
    const key = newKey()
    const tokens = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(22, 't'))

    const replies = await Promise.all(tokens.map((token) => acquire(redis, key, { token, ttl: ttlGiven })))

    expect(replies.filter(({ kind }) => kind === 'acquired')).toHaveLength(1)
    expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(19)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()

    expect(await acquire(redis, key, { token: mine, ttl: ttlGiven })).toEqual(acquired)
    expect(await standing(redis, key)).toEqual(myLease)

    const commands = await commandsDuring(redis, () => acquire(redis, newKey(), { token: mine, ttl: ttlGiven }))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('rejects with what the server says', async () => {
    await expect(acquire(redis, newKey(), { token: mine, ttl: 0 })).rejects.toThrow('invalid expire')
  })

  it.each([[null], [1], [[3]], [[0]], [[0, '5']], [[2, null]], [[]]])('refuses the reply %j', async (reply) => {
    await expect(acquire(answering(reply), newKey(), { token: mine, ttl: 1 })).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `acquire: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
