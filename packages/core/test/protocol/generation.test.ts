import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newToken } from '../../src/entry/token.ts'
import { clear, currentGeneration } from '../../src/protocol/generation.ts'
import { runScript } from '../../src/protocol/script.ts'
import { generationScript } from '../../src/protocol/scripts.generated.ts'
import {
  absent,
  answering,
  anythingElse,
  commandsDuring,
  newKey,
  type State,
  spans,
  standing,
  text,
  withoutTtl,
} from './standing.ts'

const known = 'k'.repeat(16)
const fresh = /^[0-9a-f]{16}$/

describe('generation', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  /** One command, so that a copy of it can arrive later. */
  const commandOf = (key: string) => {
    const token = newToken()
    return async () => String(await runScript(redis, generationScript, [key], [token]))
  }

  it.each<readonly [string, State, string]>([
    ['16 characters', withoutTtl(text(known)), known],
    ['16 characters, with a TTL', text(known), known],
    ['16 characters, settling', text(`!${known.slice(1)}`), `!${known.slice(1)}`],
    ['16 bytes', text(Buffer.alloc(16, 0xff)), '\u00ff'.repeat(16)],
  ])('%s → it, unchanged', async (_state, before, reply) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    expect(await currentGeneration(redis, key)).toBe(reply)
    expect(await standing(redis, key)).toEqual(was)
  })

  it.each<readonly [string, State]>([
    ['absent', absent],
    ['15 characters', text(known.slice(1))],
    ['17 characters', text(`${known}k`)],
    ...anythingElse,
  ])('%s → 16 characters, without a TTL', async (_state, before) => {
    const key = newKey()
    await before(redis, key)

    const reply = await currentGeneration(redis, key)

    expect(reply).toMatch(fresh)
    expect(await standing(redis, key)).toEqual({ content: reply, ttl: 'none' })
  })

  it('is another for each namespace, and each time it was lost', async () => {
    const generations = new Set<string>()
    for (const key of [newKey(), newKey(), newKey()]) {
      for (let time = 0; time < 3; time++) {
        await redis.unlink(key)
        generations.add(await currentGeneration(redis, key))
      }
    }

    expect(generations.size).toBe(9)
  })

  it('of one namespace is one for all who ask at once', async () => {
    const key = newKey()

    const replies = await Promise.all(Array.from({ length: 10 }, () => currentGeneration(redis, key)))

    expect(new Set(replies).size).toBe(1)
  })

  it('that is asked for again by the same command is the same', async () => {
    const command = commandOf(newKey())

    expect(await command()).toBe(await command())
  })

  it('that a copy of a command makes when it was lost meanwhile is another', async () => {
    const key = newKey()
    const command = commandOf(key)
    const made = new Set<string>()

    for (let time = 0; time < 10; time++) {
      made.add(await command())
      await redis.unlink(key)
    }

    expect(made.size).toBe(10)
  })

  it('that a copy of a command finds after a clear is the one that the clear has made', async () => {
    const key = newKey()
    const command = commandOf(key)
    const before = await command()
    await clear(redis, key, 0)
    const cleared = await redis.get(key)

    expect(await command()).toBe(cleared)
    expect(cleared).not.toBe(before)
  })

  it('is made anew once a clear has settled', async () => {
    const key = newKey()
    await clear(redis, key, spans.given)
    expect(await currentGeneration(redis, key)).toMatch(/^!/)

    await redis.unlink(key) // Its time is over.

    expect(await currentGeneration(redis, key)).toMatch(fresh)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()

    expect(await currentGeneration(redis, key)).toMatch(fresh)

    const commands = await commandsDuring(redis, () => currentGeneration(redis, key))
    expect(commands).toEqual({ evalsha: 1, get: 1 })
  })

  it.each([null, 1, 'k'.repeat(16), ['k'.repeat(16)]])('refuses the reply %j', async (reply) => {
    await expect(currentGeneration(answering(reply), newKey())).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `generation: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
