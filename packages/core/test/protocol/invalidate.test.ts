import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { invalidate } from '../../src/protocol/invalidate.ts'
import {
  absent,
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

describe('invalidate', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<readonly [string, State]>([
    ['absent', absent],
    ['lease', lease(anothers)],
    ['lease without a TTL', withoutTtl(lease(anothers))],
    ['value', text(value)],
    ['value without a TTL', withoutTtl(text(value))],
    ...foreign,
  ])('%s → absent', async (_state, before) => {
    const key = newKey()
    await before(redis, key)

    await invalidate(redis, [key])

    expect(await standing(redis, key)).toBeNull()
  })

  it('voids the keys it was given and no other', async () => {
    const [one, another, spared] = [newKey(), newKey(), newKey()]
    for (const key of [one, another, spared]) await text(value)(redis, key)

    await invalidate(redis, [one, newKey(), another, one])

    expect(await redis.exists(one, another)).toBe(0)
    expect(await redis.exists(spared)).toBe(1)
  })

  it('that is sent again voids again', async () => {
    const key = newKey()
    await text(value)(redis, key)
    await invalidate(redis, [key])
    await text(value)(redis, key)

    await invalidate(redis, [key])

    expect(await standing(redis, key)).toBeNull()
  })

  it.each([
    [1, 1],
    [500, 1],
    [501, 2],
    [1_200, 3],
  ])('of %i keys is %i UNLINK, which void every one', async (count, unlinks) => {
    const keys = Array.from({ length: count }, newKey)
    await redis.mset(keys.flatMap((key) => [key, value]))

    const commands = await commandsDuring(redis, () => invalidate(redis, keys))

    expect(commands).toEqual({ unlink: unlinks })
    expect(await redis.exists(...keys)).toBe(0)
  })

  it('of no keys says nothing to the server', async () => {
    expect(await commandsDuring(redis, () => invalidate(redis, []))).toEqual({})
  })

  it('rejects when the server refuses one of its commands', async () => {
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>pass', '~allowed:*', '+@all')
    const user = server.client({ username: 'limited', password: 'pass' })
    const keys = [...Array.from({ length: 500 }, (_, index) => `allowed:${index}`), newKey()]

    await expect(invalidate(user, keys)).rejects.toThrow('NOPERM')
  })
})
