import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaseHead } from '../../src/entry/entry.ts'
import { claim } from '../../src/protocol/claim.ts'
import {
  absent,
  anothers,
  commandsDuring,
  foreign,
  lease,
  mine,
  newKey,
  standing,
  type State,
  text,
  ttlGiven,
  value,
  withoutTtl,
  written,
} from './standing.ts'

describe('claim', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<readonly [string, State]>([
    ['absent', absent],
    ['lease, mine', lease(mine)],
    ['lease, another’s', lease(anothers)],
    ['lease without a TTL', withoutTtl(lease(anothers))],
    ['value', text(value)],
    ['value without a TTL', withoutTtl(text(value))],
    ...foreign,
  ])('%s → lease, mine', async (_state, before) => {
    const key = newKey()
    await before(redis, key)

    await claim(redis, key, { token: mine, ttl: ttlGiven })

    expect(await standing(redis, key)).toEqual(written(leaseHead(mine)))
  })

  it('is one command', async () => {
    const commands = await commandsDuring(redis, () => claim(redis, newKey(), { token: mine, ttl: ttlGiven }))

    expect(commands).toEqual({ set: 1 })
  })

  it('rejects with what the server says', async () => {
    await expect(claim(redis, newKey(), { token: mine, ttl: 0 })).rejects.toThrow('invalid expire')
  })
})
