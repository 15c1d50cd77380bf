import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newToken } from '../../src/entry/token.ts'
import { clear, currentGeneration } from '../../src/protocol/generation.ts'
import { runScript } from '../../src/protocol/script.ts'
import { clearScript } from '../../src/protocol/scripts.generated.ts'
import {
  absent,
  anythingElse,
  commandsDuring,
  newKey,
  type Span,
  type State,
  spans,
  standing,
  text,
  withoutTtl,
  withTtl,
} from './standing.ts'

const known = 'k'.repeat(16)
const settling = `!${known.slice(1)}`
const fresh = /^[0-9a-f]{16}$/
const freshSettling = /^![0-9a-f]{15}$/

describe('clear', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const settleFor = (span: Span | undefined) => (span ? spans[span] : 0)
  /** One command, so that a copy of it can arrive later. */
  const commandOf = (key: string, settle?: Span) => {
    const token = newToken()
    return () => runScript(redis, clearScript, [key], [token, settleFor(settle)])
  }

  it.each<readonly [string, State]>([
    ['a generation', withoutTtl(text(known))],
    ['a generation with a TTL', text(known)],
    ['absent', absent],
    ['one that settles, without a TTL', withoutTtl(text(settling))],
    ['a text that begins like one that settles', text(`${settling}k`)],
    ...anythingElse,
  ])('%s → another generation, for ever', async (_state, before) => {
    const key = newKey()
    await before(redis, key)

    await clear(redis, key, 0)

    expect(await standing(redis, key)).toEqual({ content: expect.stringMatching(fresh) as string, ttl: 'none' })
  })

  it.each<readonly [string, State, Span, Span]>([
    ['a generation', withoutTtl(text(known)), 'given', 'given'],
    ['a generation with a TTL', withTtl('given', text(known)), 'fresh', 'fresh'],
    ['absent', absent, 'given', 'given'],
    ['still settling, for a shorter time', withTtl('before', text(settling)), 'fresh', 'fresh'],
    ['still settling, for a longer time', withTtl('given', text(settling)), 'fresh', 'given'],
    ['still settling, without a TTL', withoutTtl(text(settling)), 'fresh', 'fresh'],
    ['a text with a TTL that begins like one that settles', withTtl('given', text('!')), 'fresh', 'fresh'],
    ...anythingElse.map(([state, before]) => [state, before, 'given', 'given'] as const),
  ])('%s, settle given → ! and 15 characters, for so long', async (_state, before, settle, ttl) => {
    const key = newKey()
    await before(redis, key)
    const was = (await standing(redis, key))?.content

    await clear(redis, key, spans[settle])

    const now = await standing(redis, key)
    expect(now).toEqual({ content: expect.stringMatching(freshSettling) as string, ttl })
    expect(now?.content).not.toBe(was)
  })

  it.each<readonly [string, Span]>([
    ['before', 'before'],
    ['given', 'given'],
  ])('still settling, %s → ! and 15 others, for what is left', async (_left, ttl) => {
    const key = newKey()
    await withTtl(ttl, text(settling))(redis, key)

    await clear(redis, key, 0)

    const now = await standing(redis, key)
    expect(now).toEqual({ content: expect.stringMatching(freshSettling) as string, ttl })
    expect(now?.content).not.toBe(settling)
  })

  it('brings no generation back, however often', async () => {
    const key = newKey()
    const generations = new Set<string | null>()

    for (let time = 0; time < 20; time++) {
      await clear(redis, key, time % 3 === 0 ? spans.given : 0)
      if (time % 5 === 0) await redis.unlink(key)
      generations.add(await currentGeneration(redis, key))
    }

    expect(generations.size).toBe(20)
  })

  it('that is sent again clears again', async () => {
    const key = newKey()
    const command = commandOf(key)
    await command()
    const cleared = await redis.get(key)

    await command()

    expect(await redis.get(key)).toMatch(fresh)
    expect(await redis.get(key)).not.toBe(cleared)
  })

  it('that arrives late brings no generation back, also when what stood before it stands again', async () => {
    const key = newKey()
    const made = new Set<string | null>()
    const command = commandOf(key)

    for (let time = 0; time < 10; time++) {
      await (time % 2 === 0 ? redis.unlink(key) : redis.set(key, known))
      await command()
      made.add(await redis.get(key))
    }

    expect(made.size).toBe(10)
  })

  it('that arrives late does not end that another settles', async () => {
    const key = newKey()
    const command = commandOf(key)
    await command()
    await clear(redis, key, spans.given)

    await command()

    expect((await standing(redis, key))?.ttl).toBe('given')
    expect(await redis.get(key)).toMatch(freshSettling)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()

    await clear(redis, key, 0)
    expect(await redis.get(key)).toMatch(fresh)

    const commands = await commandsDuring(redis, () => clear(redis, key, 0))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('costs the same however much is voided', async () => {
    const key = newKey()
    await redis.mset(Array.from({ length: 1_000 }, (_, index) => [`${key}:${index}`, 'V']).flat())

    const commands = await commandsDuring(redis, () => clear(redis, key, 0))

    expect(commands).toEqual({ evalsha: 1, get: 1, set: 1, time: 1 })
    expect(await redis.exists(`${key}:0`)).toBe(1)
  })

  it('rejects when the server refuses one of its commands', async () => {
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>pass', '~allowed:*', '+@all')
    const user = server.client({ username: 'limited', password: 'pass' })

    await expect(clear(user, newKey(), 0)).rejects.toThrow('NOPERM')
  })
})
