import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf, leaseHead } from '../../src/entry/entry.ts'
import { fill } from '../../src/protocol/fill.ts'
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

type Reply = Awaited<ReturnType<typeof fill>>

describe('fill', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const fillMine = (key: string, entry: Buffer = value) => fill(redis, key, { token: mine, entry, ttl: ttlGiven })

  it.each<{ state: string; before: State; reply: Reply; after: Standing | 'unchanged' }>([
    { state: 'absent', before: absent, reply: 'rejected', after: 'unchanged' },
    { state: 'lease, mine', before: lease(mine), reply: 'accepted', after: written(value) },
    {
      state: 'lease, mine, without a TTL',
      before: withoutTtl(lease(mine)),
      reply: 'accepted',
      after: written(value),
    },
    { state: 'lease, another’s', before: lease(anothers), reply: 'rejected', after: 'unchanged' },
    { state: 'lease, mine, in other letters', before: lease(swapCase(mine)), reply: 'rejected', after: 'unchanged' },
    { state: 'value, this very one', before: text(value), reply: 'accepted', after: 'unchanged' },
    { state: 'value, another', before: text(anotherValue), reply: 'rejected', after: 'unchanged' },
    {
      state: 'value, another, without a TTL',
      before: withoutTtl(text(anotherValue)),
      reply: 'rejected',
      after: 'unchanged',
    },
    ...foreign.map(([state, before]) => ({ state, before, reply: 'rejected', after: 'unchanged' }) as const),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    const got = await fillMine(key)

    expect(got).toBe(reply)
    expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('that is sent again is accepted again', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fillMine(key)

    expect(await fillMine(key)).toBe('accepted')
  })

  it('that is sent again after the value was voided is rejected', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fillMine(key)
    await redis.unlink(key)

    expect(await fillMine(key)).toBe('rejected')
    expect(await standing(redis, key)).toBeNull()
  })

  it('with another value is rejected where the lease was filled already', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fillMine(key, value)

    expect(await fillMine(key, anotherValue)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(written(value))
  })

  it('stores every byte of a large payload', async () => {
    const key = newKey()
    const entry = Buffer.concat([headOf(value), Buffer.from('1vbytes\n'), Buffer.alloc(2 ** 20, '\u0000\n\r\u00ff')])
    await lease(mine)(redis, key)

    expect(await fillMine(key, entry)).toBe('accepted')
    expect((await redis.getBuffer(key))?.equals(entry)).toBe(true)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await lease(mine)(redis, key)

    expect(await fillMine(key)).toBe('accepted')
    expect(await standing(redis, key)).toEqual(written(value))

    const commands = await commandsDuring(redis, () => fillMine(newKey()))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('rejects with what the server says, and leaves the lease', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    const was = await standing(redis, key)

    await expect(fill(redis, key, { token: mine, entry: value, ttl: 0 })).rejects.toThrow('invalid expire')
    expect(await standing(redis, key)).toEqual(was)
    expect(was?.content).toBe(`string ${leaseHead(mine)}`)
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(fill(answering(reply), newKey(), { token: mine, entry: value, ttl: 1 })).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `fill: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})

function swapCase(token: string): string {
  return token.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
}
