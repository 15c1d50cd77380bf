import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { remaining } from '../../src/protocol/remaining.ts'
import {
  absent,
  answering,
  anothers,
  commandsDuring,
  foreign,
  lease,
  newKey,
  type State,
  standing,
  text,
  value,
  withoutTtl,
} from './standing.ts'

const itsTtl = expect.toSatisfy((ms) => ms > 0 && ms <= 60_000, 'a TTL of before') as number

describe('remaining', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<{ state: string; before: State; reply: number | null }>([
    { state: 'value', before: text(value), reply: itsTtl },
    { state: 'value without a TTL', before: withoutTtl(text(value)), reply: null },
    { state: 'lease', before: lease(anothers), reply: null },
    { state: 'lease without a TTL', before: withoutTtl(lease(anothers)), reply: null },
    { state: 'absent', before: absent, reply: null },
    ...foreign.map(([state, before]) => ({ state, before, reply: null })),
  ])('$state → $reply', async ({ before, reply }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    const got = await remaining(redis, key)

    expect(got).toEqual(reply)
    expect(await standing(redis, key)).toEqual(was)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await text(value)(redis, key)

    expect(await remaining(redis, key)).toEqual(itsTtl)

    const commands = await commandsDuring(redis, () => remaining(redis, key))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it.each([null, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(remaining(answering(reply), newKey())).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `remaining: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
