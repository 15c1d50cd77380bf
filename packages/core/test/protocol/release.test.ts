import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf } from '../../src/entry/entry.ts'
import { expire } from '../../src/protocol/expire.ts'
import { fill } from '../../src/protocol/fill.ts'
import { release } from '../../src/protocol/release.ts'
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
  mine,
  myLease,
  newKey,
  type State,
  spans,
  standing,
  stored,
  value,
  withoutTtl,
} from './standing.ts'

type Reply = Awaited<ReturnType<typeof release>>

const toRefresh: Lease = { head: headOf(value), ttl: spans.given }

interface Case {
  readonly state: string
  readonly before: State
  readonly right?: Lease
  readonly reply: Reply
  readonly after: 'absent' | 'unchanged'
}

const released = { reply: 'released', after: 'absent' } as const
const lost = { reply: 'lost', after: 'unchanged' } as const

describe('release', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<Case>([
    { state: 'lease, expected', before: lease(mine), ...released },
    { state: 'lease, expected, without a TTL', before: withoutTtl(lease(mine)), ...released },
    { state: 'lease, another', before: lease(anothers), ...lost },
    { state: 'lease, where a value is expected', before: lease(mine), right: toRefresh, ...lost },
    { state: 'value, expected', before: stored(value), right: toRefresh, ...released },
    {
      state: 'value, expected, marked r',
      before: stored(value, { mark: 'r', markUntil: 'before' }),
      right: toRefresh,
      ...released,
    },
    { state: 'value, expected, without a TTL', before: withoutTtl(stored(value)), right: toRefresh, ...released },
    { state: 'value, another', before: stored(anotherValue), right: toRefresh, ...lost },
    { state: 'value, where a lease is expected', before: stored(value), ...lost },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...lost },
    { state: 'barrier, mine', before: barrier('-', [mine, 'before']), ...lost },
    { state: 'barrier, where a value is expected', before: barrier('x', [mine, 'before']), right: toRefresh, ...lost },
    { state: 'absent', before: absent, ...lost },
    ...anythingElse.map(([state, before]) => ({ state, before, ...lost })),
  ])('$state → $reply', async ({ before, right = myLease, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    const got = await release(redis, key, right)

    expect(got).toBe(reply)
    expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : null)
  })

  it('that is sent again finds nothing, and ends nobody else’s lease', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await release(redis, key, myLease)
    await lease(anothers)(redis, key)
    const was = await standing(redis, key)

    expect(await release(redis, key, myLease)).toBe('lost')
    expect(await standing(redis, key)).toEqual(was)
  })

  it.each<readonly [string, (key: string) => Promise<unknown>]>([
    ['expired', (key) => expire(redis, [key])],
    ['refreshed', (key) => fill(redis, key, toRefresh, anotherEntry)],
  ])('of a value that was %s meanwhile leaves what stands there', async (_what, act) => {
    const key = newKey()
    await stored(value)(redis, key)
    await act(key)
    const was = await standing(redis, key)

    expect(await release(redis, key, toRefresh)).toBe('lost')
    expect(await standing(redis, key)).toEqual(was)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await lease(mine)(redis, key)

    expect(await release(redis, key, myLease)).toBe('released')
    expect(await standing(redis, key)).toBeNull()

    const commands = await commandsDuring(redis, () => release(redis, key, myLease))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(release(answering(reply), newKey(), myLease)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `release: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
