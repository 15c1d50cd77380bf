import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaseHead } from '../../src/entry/entry.ts'
import { extend } from '../../src/protocol/extend.ts'
import {
  absent,
  answering,
  anothers,
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

type Reply = Awaited<ReturnType<typeof extend>>

const myLease = written(leaseHead(mine))

describe('extend', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const extendMine = (key: string) => extend(redis, key, { token: mine, ttl: ttlGiven })

  it.each<{ state: string; before: State; reply: Reply; after: Standing | 'unchanged' }>([
    { state: 'lease, mine', before: lease(mine), reply: 'extended', after: myLease },
    { state: 'lease, mine, without a TTL', before: withoutTtl(lease(mine)), reply: 'extended', after: myLease },
    { state: 'lease, another’s', before: lease(anothers), reply: 'lost', after: 'unchanged' },
    {
      state: 'lease, another’s, without a TTL',
      before: withoutTtl(lease(anothers)),
      reply: 'lost',
      after: 'unchanged',
    },
    { state: 'value', before: text(value), reply: 'lost', after: 'unchanged' },
    { state: 'absent', before: absent, reply: 'lost', after: 'unchanged' },
    ...foreign.map(([state, before]) => ({ state, before, reply: 'lost', after: 'unchanged' }) as const),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    const got = await extendMine(key)

    expect(got).toBe(reply)
    expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('that is sent again extends again', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await extendMine(key)

    expect(await extendMine(key)).toBe('extended')
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await lease(mine)(redis, key)

    expect(await extendMine(key)).toBe('extended')
    expect(await standing(redis, key)).toEqual(myLease)

    const commands = await commandsDuring(redis, () => extendMine(key))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(extend(answering(reply), newKey(), { token: mine, ttl: 1 })).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `extend: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
