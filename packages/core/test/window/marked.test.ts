import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newToken } from '../../src/entry/token.ts'
import { lower, raise } from '../../src/protocol/barrier.ts'
import { expire } from '../../src/protocol/expire.ts'
import { invalidate } from '../../src/protocol/invalidate.ts'
import { windowShape } from '../../src/window/window-shape.ts'
import { barred, mine, newKey, spans, type Standing, standing } from '../protocol/standing.ts'
import { count, headIn, idIn, listed, markedAs, standingAt, type Window, windowOf } from './standing-window.ts'

const window = windowOf('"a"', '"b"')
const dead = markedAs(window)
const atWork: Window = {
  ...window,
  header: `${window.header.slice(0, 24)}w${Date.now() + spans.fresh}${window.header.slice(38)}`,
}

/** What is left of a writer: his part of a barrier. */
const his = [idIn(atWork), 'fresh'] as const
const kept = barred('x', [his], 'fresh')

/** What scripts that know nothing of windows do to one, and what is void is replaced by. */
describe('a window', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const calls: readonly [string, (key: string) => Promise<unknown>, { free: Standing | null; busy: Standing }][] = [
    ['invalidated', (key) => invalidate(redis, [key]), { free: null, busy: kept }],
    ['expired', (key) => expire(redis, [key]), { free: null, busy: kept }],
    ['lowered by another', (key) => lower(redis, key, { token: mine, settle: 0 }), { free: null, busy: kept }],
    [
      'behind the barrier of another',
      (key) => raise(redis, key, { token: mine, ttl: spans.given }),
      { free: barred('-', [[mine, 'given']]), busy: barred('x', [his, [mine, 'given']]) },
    ],
  ]
  it.each(calls)('that is %s leaves a writer who is at work, and no other', async (_how, call, { free, busy }) => {
    for (const [stands, left] of [
      [window, free],
      [dead, free],
      [atWork, busy],
    ] as const) {
      const key = newKey()
      await listed(stands)(redis, key)

      await call(key)

      expect(await standing(redis, key)).toEqual(left)
    }
  })

  it.each(['void', 'stale'] as const)('that is %s gives no lease while its writer is at work', async (because) => {
    const acquire = async (stands: Window) => {
      const key = newKey()
      await listed(stands)(redis, key)
      const attempt = { token: newToken(), ttl: spans.given, [because]: headIn(stands) }
      const { kind } = await windowShape(count).acquire(redis, key, attempt)
      return { kind, left: await standingAt(redis, key) }
    }

    expect(await acquire(window)).toMatchObject({ kind: 'acquired' })
    expect(await acquire(dead)).toMatchObject({ kind: 'acquired' })
    expect(await acquire(atWork)).toMatchObject({ kind: 'barred', left: expect.arrayContaining(['"a"', '"b"']) })
  })
})
