import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf } from '../../src/entry/entry.ts'
import { newToken } from '../../src/entry/token.ts'
import { expire } from '../../src/protocol/expire.ts'
import { fill } from '../../src/protocol/fill.ts'
import { runScript } from '../../src/protocol/script.ts'
import { expireScript } from '../../src/protocol/scripts.generated.ts'
import {
  absent,
  anotherEntry,
  anothers,
  anythingElse,
  barred,
  barrier,
  commandsDuring,
  entry,
  lease,
  mine,
  newKey,
  type Standing,
  type State,
  spans,
  standing,
  stored,
  taggedValue,
  text,
  thirds,
  value,
  valued,
  valueId,
  withoutTtl,
  withTtl,
} from './standing.ts'

/** What stands there, but for the id, which is made by chance. */
async function standingUnderAnyId(redis: Redis, key: string): Promise<Standing | null> {
  const found = await standing(redis, key)
  return found && { ...found, content: found.content.replace(/^V[\w-]{22}/, `V${anyId}`) }
}

const anyId = 'i'.repeat(22)
const headerOnly = value.subarray(0, value.indexOf('\n') + 1)
const cut = value.subarray(0, 89)
const expired = valued(value, { id: anyId }, 'before')

describe('expire', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const headAt = async (key: string) => (await redis.getrangeBuffer(key, 0, 22)).toString('latin1')
  /** One command, so that a copy of it can arrive later. */
  const commandOf = (key: string) => {
    const token = newToken()
    return () => runScript(redis, expireScript, [key], [token])
  }

  it.each<readonly [string, State, Standing | null]>([
    ['value', stored(value), expired],
    ['value, marked r', stored(value, { mark: 'r', markUntil: 'fresh', freshUntil: 'over' }), expired],
    ['value, marked f', stored(value, { mark: 'f', markUntil: 'given', freshUntil: 'fresh' }), expired],
    ['value, expired by call already', stored(value, {}), expired],
    ['value with tags', stored(taggedValue), valued(taggedValue, { id: anyId }, 'before')],
    ['value with a longer TTL', withTtl('given', stored(value)), { ...expired, ttl: 'given' }],
    ['value without a TTL', withoutTtl(stored(value)), { ...expired, ttl: 'none' }],
    ['value, cut right behind its header', text(cut), valued(cut, { id: anyId }, 'before')],
    ['value with an empty payload', text(headerOnly), valued(headerOnly, { id: anyId }, 'before')],
    ['lease', lease(anothers), null],
    ['lease without a TTL', withoutTtl(lease(anothers)), null],
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
    ['barrier without a TTL', withoutTtl(barrier('-', [mine, 'fresh'])), barred('x', [[mine, 'fresh']], 'none')],
    ['absent', absent, null],
    ...anythingElse.map(([state, before]) => [state, before, null] as const),
  ])('%s', async (_state, before, after) => {
    const key = newKey()
    await before(redis, key)

    await expire(redis, [key])

    expect(await standingUnderAnyId(redis, key)).toEqual(after)
  })

  it('gives a value an id that it never had, of 22 characters', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    const heads = new Set([await headAt(key)])

    for (let time = 0; time < 5; time++) {
      await expire(redis, [key])
      heads.add(await headAt(key))
    }

    expect(heads.size).toBe(6)
    for (const head of heads) expect(head).toMatch(/^V[\w-]{22}$/)
  })

  it('gives each of many values with one id another', async () => {
    const keys = Array.from({ length: 20 }, newKey)
    for (const key of keys) await stored(value)(redis, key)

    await expire(redis, keys)

    expect(new Set(await Promise.all(keys.map(headAt))).size).toBe(20)
  })

  it('lets no fill through that was to refresh the value, nor a lease that was taken before', async () => {
    const [refreshed, loaded] = [newKey(), newKey()]
    await stored(value)(redis, refreshed)
    await lease(mine)(redis, loaded)

    await expire(redis, [refreshed, loaded])

    expect(await fill(redis, refreshed, { head: headOf(value), ttl: 1 }, anotherEntry)).toBe('rejected')
    expect(await fill(redis, loaded, { head: Buffer.from(`L${mine}`), ttl: 1 }, anotherEntry)).toBe('rejected')
  })

  it('lets the value that it leaves be refreshed', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    await expire(redis, [key])
    const head = Buffer.from(await headAt(key))

    expect(await fill(redis, key, { head, ttl: spans.given }, anotherEntry)).toBe('accepted')
  })

  it('that is sent again expires again, under one more id', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    const command = commandOf(key)
    await command()
    const first = await headAt(key)

    await command()

    expect(await headAt(key)).not.toBe(first)
    expect(await standingUnderAnyId(redis, key)).toEqual(expired)
  })

  it('that arrives late, after a fill, does not bring an id back: what was to refresh that stays refused', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    const command = commandOf(key)
    await command()
    const early = { head: Buffer.from(await headAt(key)), ttl: spans.given }
    await fill(redis, key, early, anotherEntry)

    await command()

    expect(await fill(redis, key, early, entry)).toBe('rejected')
    expect(await standingUnderAnyId(redis, key)).toEqual(valued(anotherEntry.raw, { id: anyId }))
  })

  it('that arrives late, after the same entry was stored again, gives it an id that it never had', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    const [one, another] = [commandOf(key), commandOf(key)]
    const heads = new Set<string>([`V${valueId}`])

    for (const command of [one, another, one, another]) {
      await command()
      heads.add(await headAt(key))
    }

    expect(heads.size).toBe(5)
  })

  it('expires the keys it was given and no other', async () => {
    const [one, another, spared] = [newKey(), newKey(), newKey()]
    for (const key of [one, another, spared]) await stored(value)(redis, key)

    await expire(redis, [one, newKey(), another])

    expect(await standingUnderAnyId(redis, one)).toEqual(expired)
    expect(await standingUnderAnyId(redis, another)).toEqual(expired)
    expect(await standing(redis, spared)).toEqual(valued(value, { freshUntil: 'fresh' }, 'before'))
  })

  it('leaves every byte of a large payload as it is', async () => {
    const key = newKey()
    const large = Buffer.concat([value, Buffer.alloc(2 ** 20, '\u0000\n\r\u00ff')])
    await stored(large)(redis, key)

    await expire(redis, [key])

    expect(await standingUnderAnyId(redis, key)).toEqual(valued(large, { id: anyId }, 'before'))
  })

  it('of no keys says nothing to the server', async () => {
    expect(await commandsDuring(redis, () => expire(redis, []))).toEqual({})
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await stored(value)(redis, key)

    await expire(redis, [key])
    expect(await standingUnderAnyId(redis, key)).toEqual(expired)

    const commands = await commandsDuring(redis, () => expire(redis, [key]))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('rejects when the server refuses one of its commands', async () => {
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>pass', '~allowed:*', '+@all')
    const user = server.client({ username: 'limited', password: 'pass' })

    await expect(expire(user, ['allowed:1', newKey()])).rejects.toThrow('NOPERM')
  })
})
