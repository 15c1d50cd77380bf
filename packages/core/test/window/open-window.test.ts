import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newToken } from '../../src/entry/token.ts'
import { windowShape } from '../../src/window/window-shape.ts'
import {
  absent,
  answering,
  anothers,
  anythingElse,
  barrier,
  lease,
  newKey,
  type State,
  spans,
  withoutTtl,
} from '../protocol/standing.ts'
import { count, headIn, listed, markedAs, negativeWindow, standingAt, windowOf } from './standing-window.ts'

const window = windowOf('"a"', '"b"')
const id = newToken()
const { header } = window
const etagged = { ...window, header: `${header} v7` }
/** Its writer's until `given`, and so long it stands. */
const opened = (was = window) => [`V${id}3w<given><0>${was.header.slice(51)}`, '"a"', '"b"', 'given']

interface Case {
  readonly state: string
  readonly before: State
  readonly reply: boolean
  readonly after: 'unchanged' | readonly string[]
}

const refused = { reply: false, after: 'unchanged' } as const

describe('openWindow', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const open = (key: string, given = id) =>
    windowShape(count).open(redis, key, { id: given, ttl: spans.given, format: 'window' })

  it.each<Case>([
    { state: 'window', before: listed(window), reply: true, after: opened() },
    { state: 'window without a TTL', before: withoutTtl(listed(window)), reply: true, after: opened() },
    {
      state: 'window, this very one',
      before: listed({ ...window, header: `V${id}${header.slice(23)}` }),
      reply: true,
      after: 'unchanged',
    },
    { state: 'window, marked w', before: listed(markedAs(window)), ...refused },
    { state: 'window, marked otherwise', before: listed(markedAs(window, 'r')), ...refused },
    { state: 'window with an etag', before: listed(etagged), reply: true, after: opened(etagged) },
    ...['window-weighed', 'window/2', 'windo', 'json'].map((format) => ({
      state: `window, another format: ${format}`,
      before: listed({ ...window, header: header.replace(/window$/, format) }),
      ...refused,
    })),
    { state: '"does not exist"', before: listed(negativeWindow), ...refused },
    {
      state: 'window of another format version',
      before: listed({ ...window, header: `${header.slice(0, 23)}4${header.slice(24)}` }),
      ...refused,
    },
    { state: 'window, cut in its header', before: listed({ ...window, header: header.slice(0, 88) }), ...refused },
    { state: 'lease', before: lease(anothers), ...refused },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...refused },
    { state: 'absent', before: absent, ...refused },
    ...anythingElse.map(([state, before]) => ({ state, before, ...refused })),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standingAt(redis, key)

    expect(await open(key)).toBe(reply)
    expect(await standingAt(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('that is sent again is opened again, and marked no longer', async () => {
    const key = newKey()
    await listed(window)(redis, key)
    await open(key)
    const was = await standingAt(redis, key)

    expect(await open(key)).toBe(true)
    expect(await standingAt(redis, key)).toEqual(was)
  })

  it('stands as long as it did, where that is longer than its mark', async () => {
    const key = newKey()
    await listed(window)(redis, key)
    await windowShape(count).open(redis, key, { id, ttl: 1_000, format: 'window' })

    expect(await redis.pttl(key)).toBeGreaterThan(spans.before / 2)
  })

  it('is opened by one of many', async () => {
    const key = newKey()
    await listed(window)(redis, key)

    const replies = await Promise.all(Array.from({ length: 20 }, () => open(key, newToken())))

    expect(replies.filter(Boolean)).toHaveLength(1)
  })

  it('keeps what a fill that is late would have found', async () => {
    const key = newKey()
    await listed(window)(redis, key)
    await open(key)

    const acquired = await windowShape(count).acquire(redis, key, {
      token: newToken(),
      ttl: spans.given,
      void: headIn(window),
    })

    expect(acquired.kind).toBe('value')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(
      windowShape(count).open(answering(reply), newKey(), { id, ttl: 1, format: 'window' }),
    ).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `openWindow: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
