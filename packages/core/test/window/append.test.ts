import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Amendment } from '../../src/cache/shape.ts'
import type { Limit } from '../../src/window/limit.ts'
import type { Texts } from '../../src/window/window-codec.ts'
import { windowShape } from '../../src/window/window-shape.ts'
import {
  absent,
  answering,
  anothers,
  anythingElse,
  barrier,
  commandsDuring,
  lease,
  newKey,
  type State,
  withoutTtl,
} from '../protocol/standing.ts'
import { count, idIn, listed, markedAs, standingAt, tokens, type Window, windowOf, written } from './standing-window.ts'

const seen = windowOf('"a"', '"b"')
const mine = windowOf()
const another = windowOf('"z"')
const asMine = ({ header }: Window): Window => ({ header: `${mine.header.slice(0, 23)}${header.slice(23)}`, items: [] })

const amendment = (change: readonly string[], opened: Window = seen): Amendment<Texts> => ({
  opened: idIn(opened),
  id: idIn(mine),
  change: change.map((text) => Buffer.from(text)),
})

interface Case {
  readonly state: string
  readonly before: State
  readonly reply: 'accepted' | 'rejected'
  readonly after: 'unchanged' | readonly string[]
}

const rejected = { reply: 'rejected', after: 'unchanged' } as const

describe('append', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const append = (key: string, change: readonly string[], limit: Limit = count, opened: Window = seen) =>
    windowShape(limit).amend(redis, key, amendment(change, opened))

  const appended = written(asMine(seen), ['"a"', '"b"', '"c"'])

  it.each<Case>([
    { state: 'window, opened', before: listed(seen), reply: 'accepted', after: appended },
    { state: 'window, opened, marked w', before: listed(markedAs(seen)), reply: 'accepted', after: appended },
    { state: 'window, opened, without a TTL', before: withoutTtl(listed(seen)), reply: 'accepted', after: appended },
    {
      state: 'window, opened, empty',
      before: listed({ ...seen, items: [] }),
      reply: 'accepted',
      after: written(asMine(seen), ['"c"']),
    },
    { state: 'window, this very one', before: listed(mine), reply: 'accepted', after: 'unchanged' },
    { state: 'window, another', before: listed(another), ...rejected },
    { state: 'window, another, marked w', before: listed(markedAs(another)), ...rejected },
    { state: 'lease', before: lease(anothers), ...rejected },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...rejected },
    { state: 'absent', before: absent, ...rejected },
    ...anythingElse.map(([state, before]) => ({ state, before, ...rejected })),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standingAt(redis, key)

    expect(await append(key, ['"c"'])).toBe(reply)
    expect(await standingAt(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('that is sent again is accepted again, and changes nothing', async () => {
    const key = newKey()
    await listed(seen)(redis, key)
    await append(key, ['"c"'])
    const was = await standingAt(redis, key)

    expect(await append(key, ['"c"'])).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(was)
  })

  it('is accepted from one of many with the same window open', async () => {
    const key = newKey()
    await listed(seen)(redis, key)
    const shape = windowShape({ most: 100, budget: undefined })
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(22, 'i'))

    const replies = await Promise.all(ids.map((id) => shape.amend(redis, key, { ...amendment(['"c"']), id })))

    expect(replies.filter((reply) => reply === 'accepted')).toHaveLength(1)
    expect(await redis.lrange(key, 1, -1)).toEqual(['"a"', '"b"', '"c"'])
  })

  it.each<[string, Limit, string[], string[], string[]]>([
    ['those beyond the limit', count, ['1', '2'], ['3', '4'], ['2', '3', '4']],
    ['all that stood', count, ['1', '2'], ['3', '4', '5'], ['3', '4', '5']],
    ['some of what is added', count, ['1', '2'], ['3', '4', '5', '6', '7'], ['5', '6', '7']],
    ['all but one', { most: 1, budget: undefined }, ['1', '2'], ['3'], ['3']],
    ['nothing', { most: 10, budget: undefined }, ['1', '2'], ['3'], ['1', '2', '3']],
    ['what a smaller limit does not let', count, ['1', '2', '3', '4', '5'], ['6'], ['4', '5', '6']],
    ['what weighs too much', tokens(10), ['9 1', '4 2', '3 3'], ['3 4'], ['4 2', '3 3', '3 4']],
    ['what is older than what weighs too much', tokens(10), ['1 1', '9 2', '1 3'], ['1 4'], ['1 3', '1 4']],
    ['all but the newest, whatever that weighs', tokens(10), ['1 1', '1 2'], ['11 3'], ['11 3']],
    ['nothing that weighs nothing', tokens(1), ['0 1', '1 2', '0 3'], ['0 4'], ['0 1', '1 2', '0 3', '0 4']],
    ['nothing where all fits', tokens(100), ['9 1', '4 2'], ['3 3'], ['9 1', '4 2', '3 3']],
  ])('takes off %s', async (_what, limit, before, added, after) => {
    const key = newKey()
    await listed({ ...seen, items: before })(redis, key)

    expect(await append(key, added, limit)).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(written(asMine(seen), after))
  })

  it('of nothing renews the TTL', async () => {
    const key = newKey()
    await listed(seen)(redis, key)

    expect(await append(key, [])).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(written(asMine(seen), ['"a"', '"b"']))
  })

  it.each([count, tokens(5)])('of nothing to an empty window renews the TTL', async (limit) => {
    const key = newKey()
    await listed({ ...seen, items: [] })(redis, key)

    expect(await append(key, [], limit)).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(written(asMine(seen), []))
  })

  it('takes as many items as a window can have, and trims as many', async () => {
    const key = newKey()
    const items = Array.from({ length: 10_000 }, (_, index) => `1 ${index}`)
    await listed({ ...seen, items: items.map((item) => `${item}000000`) })(redis, key)

    expect(await append(key, items, tokens(9_999))).toBe('accepted')
    expect(await redis.lrange(key, 1, -1)).toEqual(items.slice(1))
  })

  it('keeps no more than ten thousand items that weigh nothing', async () => {
    const key = newKey()
    const items = Array.from({ length: 10_000 }, (_, index) => `0 ${index}`)
    await listed({ ...seen, items })(redis, key)

    expect(await append(key, ['0 10000'], tokens(1))).toBe('accepted')
    expect(await redis.lrange(key, 1, -1)).toEqual([...items.slice(1), '0 10000'])
  })

  it('with a count does not read the items', async () => {
    const key = newKey()
    await listed(seen)(redis, key)

    expect(await commandsDuring(redis, () => append(key, ['"c"']))).not.toHaveProperty('lrange')
  })

  it('that Redis refuses, because its memory is full, leaves the window as it was', async () => {
    const key = newKey()
    await listed(seen)(redis, key)
    const was = await standingAt(redis, key)
    await redis.config('SET', 'maxmemory', '1')

    await expect(append(key, ['"c"'])).rejects.toThrow('OOM')

    await redis.config('SET', 'maxmemory', '0')
    expect(await standingAt(redis, key)).toEqual(was)
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(windowShape(count).amend(answering(reply), newKey(), amendment([]))).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `append: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
