import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Entry, Lease } from '../../src/protocol/store.ts'
import { windowShape } from '../../src/window/window-shape.ts'
import {
  absent,
  answering,
  anothers,
  anythingElse,
  barrier,
  lease,
  leased,
  mine,
  myLease,
  newKey,
  type Standing,
  type State,
  spans,
  withoutTtl,
} from '../protocol/standing.ts'
import { count, headIn, listed, rawOf, standingAt, type Window, windowOf, written } from './standing-window.ts'

const window = windowOf('"a"', '"b"')
const empty = windowOf()
const another = windowOf('"z"')
const entryOf = (loaded: Window): Entry => ({ raw: rawOf(loaded), freshFor: spans.given, ttl: spans.given })
const filled = written(window, window.items)

interface Case {
  readonly state: string
  readonly before: State
  readonly reply: 'accepted' | 'rejected'
  readonly after: 'unchanged' | readonly string[] | Standing
}

const rejected = { reply: 'rejected', after: 'unchanged' } as const

describe('fillWindow', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const fill = (key: string, right: Lease = myLease, loaded: Window = window) =>
    windowShape(count).fill(redis, key, right, entryOf(loaded))

  it.each<Case>([
    { state: 'absent', before: absent, ...rejected },
    { state: 'lease, expected', before: lease(mine), reply: 'accepted', after: filled },
    { state: 'lease, expected, without a TTL', before: withoutTtl(lease(mine)), reply: 'accepted', after: filled },
    { state: 'lease, another', before: lease(anothers), ...rejected },
    { state: 'window, this very one', before: listed(window), reply: 'accepted', after: 'unchanged' },
    { state: 'window, another', before: listed(another), ...rejected },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...rejected },
    { state: 'barrier, mine', before: barrier('x', [mine, 'before']), ...rejected },
    ...anythingElse.map(([state, before]) => ({ state, before, ...rejected })),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standingAt(redis, key)

    expect(await fill(key)).toBe(reply)
    expect(await standingAt(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('does not fill a window in place of the one that is expected: nobody refreshes one', async () => {
    const key = newKey()
    await listed(another)(redis, key)

    expect(await fill(key, { head: headIn(another), ttl: spans.given })).toBe('rejected')
  })

  it('that is sent again is accepted again', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fill(key)

    expect(await fill(key)).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(filled)
  })

  it('that arrives after the window was voided, and leased to another, is rejected', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fill(key)
    await lease(anothers)(redis, key)

    expect(await fill(key)).toBe('rejected')
    expect(await standingAt(redis, key)).toEqual(leased(anothers, 'before'))
  })

  it('stores a window without items', async () => {
    const key = newKey()
    await lease(mine)(redis, key)

    expect(await fill(key, myLease, empty)).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(written(empty, []))
  })

  it('stores every byte of as many items as a window can have', async () => {
    const key = newKey()
    const items = Array.from({ length: 10_000 }, (_, index) => `"${index}\r\n\u0000 é"`)
    await lease(mine)(redis, key)

    expect(await fill(key, myLease, { ...window, items })).toBe('accepted')
    expect(await redis.lrange(key, 1, -1)).toEqual(items)
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(windowShape(count).fill(answering(reply), newKey(), myLease, entryOf(window))).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `fillWindow: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
