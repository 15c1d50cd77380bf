import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claim } from '../../src/protocol/claim.ts'
import { fill } from '../../src/protocol/fill.ts'
import {
  absent,
  answering,
  anotherEntry,
  anothers,
  anythingElse,
  barred,
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
  thirds,
  value,
  withoutTtl,
} from './standing.ts'

describe('claim', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const claimMine = (key: string) => claim(redis, key, { token: mine, ttl: spans.given })

  it.each<readonly [string, State]>([
    ['absent', absent],
    ['lease, mine', lease(mine)],
    ['lease, another’s', lease(anothers)],
    ['lease without a TTL', withoutTtl(lease(anothers))],
    ['value', stored(value)],
    ['value, marked', stored(value, { mark: 'r', markUntil: 'fresh' })],
    ['value without a TTL', withoutTtl(stored(value))],
    ['barrier without a TTL', withoutTtl(barrier('-', [anothers, 'before']))],
    ...anythingElse,
  ])('%s → lease, mine', async (_state, before) => {
    const key = newKey()
    await before(redis, key)

    expect(await claimMine(key)).toBe('claimed')
    expect(await standing(redis, key)).toEqual(leased(mine))
  })

  it.each<readonly [string, State, Standing]>([
    ['barrier', barrier('-', [anothers, 'before']), barred('x', [[anothers, 'before']], 'before')],
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
  ])('%s → with x', async (_state, before, after) => {
    const key = newKey()
    await before(redis, key)

    expect(await claimMine(key)).toBe('barred')
    expect(await standing(redis, key)).toEqual(after)
  })

  it('that is sent again claims again', async () => {
    const key = newKey()
    await claimMine(key)

    expect(await claimMine(key)).toBe('claimed')
    expect(await standing(redis, key)).toEqual(leased(mine))
  })

  it('that arrives late voids what was filled since', async () => {
    const key = newKey()
    await claimMine(key)
    await fill(redis, key, myLease, entry)

    await claimMine(key)

    expect(await standing(redis, key)).toEqual(leased(mine))
  })

  it('that arrives late takes the lease from its holder, who cannot fill any more', async () => {
    const key = newKey()
    await claimMine(key)
    const later = { head: Buffer.from(`L${anothers}`), ttl: spans.given }
    await claim(redis, key, { token: anothers, ttl: spans.given })

    await claimMine(key)

    expect(await fill(redis, key, later, anotherEntry)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(leased(mine))
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()

    expect(await claimMine(key)).toBe('claimed')
    expect(await standing(redis, key)).toEqual(leased(mine))

    const commands = await commandsDuring(redis, () => claimMine(key))
    expect(commands).toMatchObject({ evalsha: 1, set: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('rejects with what the server says', async () => {
    await expect(claim(redis, newKey(), { token: mine, ttl: 0 })).rejects.toThrow('invalid expire')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(claim(answering(reply), newKey(), { token: mine, ttl: 1 })).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `claim: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
