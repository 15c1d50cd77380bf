import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { release } from '../../src/protocol/release.ts'
import {
  absent,
  answering,
  anothers,
  commandsDuring,
  foreign,
  lease,
  mine,
  newKey,
  type State,
  standing,
  text,
  value,
  withoutTtl,
} from './standing.ts'

type Reply = Awaited<ReturnType<typeof release>>

describe('release', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<{ state: string; before: State; reply: Reply; after: 'absent' | 'unchanged' }>([
    { state: 'lease, mine', before: lease(mine), reply: 'released', after: 'absent' },
    { state: 'lease, mine, without a TTL', before: withoutTtl(lease(mine)), reply: 'released', after: 'absent' },
    { state: 'lease, another’s', before: lease(anothers), reply: 'lost', after: 'unchanged' },
    { state: 'value', before: text(value), reply: 'lost', after: 'unchanged' },
    { state: 'absent', before: absent, reply: 'lost', after: 'unchanged' },
    ...foreign.map(([state, before]) => ({ state, before, reply: 'lost', after: 'unchanged' }) as const),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    const got = await release(redis, key, mine)

    expect(got).toBe(reply)
    expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : null)
  })

  it('that is sent again finds nothing, and ends nobody else’s lease', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await release(redis, key, mine)
    await lease(anothers)(redis, key)
    const was = await standing(redis, key)

    expect(await release(redis, key, mine)).toBe('lost')
    expect(await standing(redis, key)).toEqual(was)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await lease(mine)(redis, key)

    expect(await release(redis, key, mine)).toBe('released')
    expect(await standing(redis, key)).toBeNull()

    const commands = await commandsDuring(redis, () => release(redis, key, mine))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(release(answering(reply), newKey(), mine)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `release: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
