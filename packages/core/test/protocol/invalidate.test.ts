import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lower } from '../../src/protocol/barrier.ts'
import { fill } from '../../src/protocol/fill.ts'
import { invalidate } from '../../src/protocol/invalidate.ts'
import {
  absent,
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
  standing,
  stored,
  thirds,
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
    ['value', stored(value)],
    ['value, marked r', stored(value, { mark: 'r', markUntil: 'fresh' })],
    ['value, expired by call', stored(value, {})],
    ['value without a TTL', withoutTtl(stored(value))],
    ['lease', lease(anothers)],
    ['lease without a TTL', withoutTtl(lease(anothers))],
    ['absent', absent],
    ...anythingElse,
  ])('%s → absent', async (_state, before) => {
    const key = newKey()
    await before(redis, key)

    await invalidate(redis, [key])

    expect(await standing(redis, key)).toBeNull()
  })

  it.each<readonly [string, State, Standing]>([
    ['barrier', barrier('-', [anothers, 'before']), barred('x', [[anothers, 'before']], 'before')],
    ['barrier, contended', barrier('x', [anothers, 'before']), barred('x', [[anothers, 'before']], 'before')],
    [
      'barrier of several',
      barrier('x', [anothers, 'before'], [thirds, 'fresh'], [mine, 'over']),
      barred(
        'x',
        [
          [anothers, 'before'],
          [thirds, 'fresh'],
          [mine, 'over'],
        ],
        'fresh',
      ),
    ],
    [
      'barrier whose time is over, with a TTL left behind',
      barrier('-', [anothers, 'over']),
      barred('x', [[anothers, 'over']], 'before'),
    ],
    ['barrier without a TTL', withoutTtl(barrier('-', [mine, 'fresh'])), barred('x', [[mine, 'fresh']], 'none')],
  ])('%s → with x', async (_state, before, after) => {
    const key = newKey()
    await before(redis, key)

    await invalidate(redis, [key])

    expect(await standing(redis, key)).toEqual(after)
  })

  it('of a barrier lets its writer store nothing', async () => {
    const key = newKey()
    await barrier('-', [mine, 'before'])(redis, key)

    await invalidate(redis, [key])

    expect(await lower(redis, key, { token: mine, settle: 0, entry })).toBe('lowered')
    expect(await standing(redis, key)).toBeNull()
  })

  it('voids each key according to its own state, and no other key', async () => {
    const [one, another, guarded, list, spared] = [newKey(), newKey(), newKey(), newKey(), newKey()]
    for (const key of [one, spared]) await stored(value)(redis, key)
    await lease(mine)(redis, another)
    await barrier('-', [mine, 'before'])(redis, guarded)
    await redis.rpush(list, 'a')

    await invalidate(redis, [guarded, list, one, newKey(), another, one])

    expect(await redis.exists(one, another, list)).toBe(0)
    expect(await standing(redis, guarded)).toEqual(barred('x', [[mine, 'before']], 'before'))
    expect(await redis.exists(spared)).toBe(1)
  })

  it('that is sent again, or arrives after a fill, voids again', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    await invalidate(redis, [key])
    await lease(mine)(redis, key)
    await fill(redis, key, myLease, entry)

    await invalidate(redis, [key])
    await invalidate(redis, [key])

    expect(await standing(redis, key)).toBeNull()
  })

  it.each([
    [1, 1],
    [100, 1],
    [101, 2],
    [1_200, 12],
  ])('of %i keys is %i commands, which void every one', async (count, commands) => {
    const keys = Array.from({ length: count }, newKey)
    await redis.mset(keys.flatMap((key) => [key, value]))

    const sent = await commandsDuring(redis, () => invalidate(redis, keys))

    expect(sent).toMatchObject({ evalsha: commands, unlink: count })
    expect(await redis.exists(...keys)).toBe(0)
  })

  it('of no keys says nothing to the server', async () => {
    expect(await commandsDuring(redis, () => invalidate(redis, []))).toEqual({})
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await stored(value)(redis, key)

    await invalidate(redis, [key])
    expect(await standing(redis, key)).toBeNull()

    const commands = await commandsDuring(redis, () => invalidate(redis, [key]))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('rejects when the server refuses one of its commands', async () => {
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>pass', '~allowed:*', '+@all')
    const user = server.client({ username: 'limited', password: 'pass' })
    const keys = [...Array.from({ length: 500 }, (_, index) => `allowed:${index}`), newKey()]

    await expect(invalidate(user, keys)).rejects.toThrow('NOPERM')
  })
})
