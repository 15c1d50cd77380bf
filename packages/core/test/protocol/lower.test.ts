import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaseHead } from '../../src/entry/entry.ts'
import { lower, raise } from '../../src/protocol/barrier.ts'
import { expire } from '../../src/protocol/expire.ts'
import { fill } from '../../src/protocol/fill.ts'
import type { Lowering } from '../../src/protocol/store.ts'
import {
  absent,
  answering,
  anotherEntry,
  anothers,
  anotherValue,
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
  thirds,
  value,
  valued,
  withoutTtl,
} from './standing.ts'

type Reply = Awaited<ReturnType<typeof lower>>

const plain: Lowering = { token: mine, settle: 0 }
const withEntry: Lowering = { token: mine, settle: 0, entry }
const settling: Lowering = { token: mine, settle: spans.fresh }
const settlingWithEntry: Lowering = { token: mine, settle: spans.fresh, entry }

const filled = valued(value, { freshUntil: 'fresh' })
const settled = barred('x', [[mine, 'fresh']], 'fresh')

interface Case {
  readonly state: string
  readonly before: State
  readonly how: Lowering
  readonly reply: Reply
  readonly after: Standing | 'unchanged' | null
}

const lowered = { reply: 'lowered', after: null } as const

const mineAlone: Case[] = [
  {
    state: 'barrier, mine alone, entry given',
    before: barrier('-', [mine, 'before']),
    how: withEntry,
    reply: 'stored',
    after: filled,
  },
  {
    state: 'barrier, mine alone, without a TTL, entry given',
    before: withoutTtl(barrier('-', [mine, 'before'])),
    how: withEntry,
    reply: 'stored',
    after: filled,
  },
  { state: 'barrier, mine alone', before: barrier('-', [mine, 'before']), how: plain, ...lowered },
  { state: 'barrier, mine and x, alone now', before: barrier('x', [mine, 'before']), how: plain, ...lowered },
  {
    state: 'barrier, mine and x, alone now, entry given',
    before: barrier('x', [mine, 'before']),
    how: withEntry,
    ...lowered,
  },
  {
    state: 'barrier, mine and x, and another’s whose time is over, entry given',
    before: barrier('x', [anothers, 'over'], [mine, 'before']),
    how: withEntry,
    ...lowered,
  },
]

const others: Case[] = [withEntry, plain].flatMap((how) => [
  {
    state: `barrier, mine and others’${how.entry ? ', entry given' : ''}`,
    before: barrier('x', [anothers, 'before'], [mine, 'given'], [thirds, 'over']),
    how,
    reply: 'lowered',
    after: barred('x', [[anothers, 'before']], 'before'),
  },
  {
    state: `barrier, mine and another’s, without x${how.entry ? ', entry given' : ''}`,
    before: barrier('-', [anothers, 'before'], [mine, 'before']),
    how,
    reply: 'lowered',
    after: barred('-', [[anothers, 'before']], 'before'),
  },
  {
    state: `barrier of others${how.entry ? ', entry given' : ''}`,
    before: barrier('-', [anothers, 'before']),
    how,
    reply: 'lowered',
    after: barred('x', [[anothers, 'before']], 'before'),
  },
  {
    state: `barrier of others, contended${how.entry ? ', entry given' : ''}`,
    before: barrier('x', [anothers, 'fresh'], [thirds, 'before']),
    how,
    reply: 'lowered',
    after: barred(
      'x',
      [
        [anothers, 'fresh'],
        [thirds, 'before'],
      ],
      'fresh',
    ),
  },
  {
    state: `barrier of others whose time is over, with a TTL left behind${how.entry ? ', entry given' : ''}`,
    before: barrier('-', [anothers, 'over']),
    how,
    ...lowered,
  },
])

/** Where the writer's barrier has fallen. */
const fallen: Case[] = [
  { state: 'value, this very one', before: stored(value), how: withEntry, reply: 'stored', after: 'unchanged' },
  {
    state: 'value, this very one, settle given',
    before: stored(value),
    how: settlingWithEntry,
    reply: 'stored',
    after: 'unchanged',
  },
  {
    state: 'value, this very one, marked r since',
    before: stored(value, { mark: 'r', markUntil: 'before' }),
    how: withEntry,
    reply: 'stored',
    after: 'unchanged',
  },
  { state: 'value, another, entry given', before: stored(anotherValue), how: withEntry, ...lowered },
  { state: 'value', before: stored(value), how: plain, ...lowered },
  { state: 'value without a TTL', before: withoutTtl(stored(value)), how: plain, ...lowered },
  { state: 'lease', before: lease(anothers), how: plain, ...lowered },
  { state: 'lease, entry given', before: lease(anothers), how: withEntry, ...lowered },
  { state: 'lease with the writer’s token, entry given', before: lease(mine), how: withEntry, ...lowered },
  { state: 'absent', before: absent, how: plain, ...lowered },
  { state: 'absent, entry given', before: absent, how: withEntry, ...lowered },
  ...anythingElse.flatMap(([state, before]): Case[] => [
    { state, before, how: plain, ...lowered },
    { state: `${state}, entry given`, before, how: withEntry, ...lowered },
  ]),
]

const toSettle: Case[] = [settling, settlingWithEntry].flatMap((how) => {
  const given = how.entry ? 'entry and settle given' : 'settle given'
  return [
    { state: `barrier, mine alone, ${given}`, before: barrier('-', [mine, 'before']), how, after: settled },
    { state: `barrier, mine alone for longer, ${given}`, before: barrier('-', [mine, 'given']), how, after: settled },
    { state: `barrier, mine and x, ${given}`, before: barrier('x', [mine, 'before']), how, after: settled },
    {
      state: `barrier, mine and others’, ${given}`,
      before: barrier('x', [mine, 'before'], [anothers, 'before'], [thirds, 'over']),
      how,
      after: barred(
        'x',
        [
          [anothers, 'before'],
          [mine, 'fresh'],
        ],
        'fresh',
      ),
    },
    {
      state: `barrier of others for longer, ${given}`,
      before: barrier('-', [anothers, 'given']),
      how,
      after: barred('x', [
        [anothers, 'given'],
        [mine, 'fresh'],
      ]),
    },
    { state: `value, ${given}`, before: stored(anotherValue), how, after: settled },
    { state: `lease, ${given}`, before: lease(anothers), how, after: settled },
    { state: `absent, ${given}`, before: absent, how, after: settled },
    ...anythingElse.map(([state, before]) => ({ state: `${state}, ${given}`, before, how, after: settled })),
  ].map((row): Case => ({ reply: 'lowered', ...row }))
})

describe('lower', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  it.each<Case>([...mineAlone, ...others, ...fallen, ...toSettle])(
    '$state → $reply',
    async ({ before, how, reply, after }) => {
      const key = newKey()
      await before(redis, key)
      const was = await standing(redis, key)

      const got = await lower(redis, key, how)

      expect(got).toBe(reply)
      expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : after)
    },
  )

  it.each([
    ['with an entry', withEntry, 'stored', filled],
    ['without an entry', plain, 'lowered', null],
    ['with a time to settle', settling, 'lowered', settled],
  ] as const)('%s that is sent again does the same', async (_what, how, reply, after) => {
    const key = newKey()
    await raise(redis, key, { token: mine, ttl: spans.before })
    await lower(redis, key, how)

    expect(await lower(redis, key, how)).toBe(reply)
    expect(await standing(redis, key)).toEqual(after)
  })

  it.each([
    ['with an entry', withEntry],
    ['without an entry', plain],
  ] as const)('%s that arrives after a fill voids it', async (_what, how) => {
    const key = newKey()
    await raise(redis, key, { token: mine, ttl: spans.before })
    await lower(redis, key, plain)
    await lease(anothers)(redis, key)
    await fill(redis, key, { head: leaseHead(anothers), ttl: 1 }, anotherEntry)

    expect(await lower(redis, key, how)).toBe('lowered')
    expect(await standing(redis, key)).toBeNull()
  })

  it('that arrives after its value was expired does not make it fresh again', async () => {
    const key = newKey()
    await raise(redis, key, { token: mine, ttl: spans.before })
    await lower(redis, key, withEntry)
    await expire(redis, [key])

    expect(await lower(redis, key, withEntry)).toBe('lowered')
    expect(await standing(redis, key)).toBeNull()
  })

  it('that arrives while another writer is at work stores nothing, and lets that one store nothing', async () => {
    const key = newKey()
    await raise(redis, key, { token: mine, ttl: spans.before })
    await lower(redis, key, withEntry)
    await raise(redis, key, { token: anothers, ttl: spans.before })

    expect(await lower(redis, key, withEntry)).toBe('lowered')
    expect(await standing(redis, key)).toEqual(barred('x', [[anothers, 'before']], 'before'))
    expect(await lower(redis, key, { token: anothers, settle: 0, entry: anotherEntry })).toBe('lowered')
    expect(await standing(redis, key)).toBeNull()
  })

  it.each([
    ['who came first', [mine, anothers]],
    ['who came last', [anothers, mine]],
  ] as const)('lets neither of two writers store, whoever is done first: %s', async (_who, order) => {
    const key = newKey()
    await raise(redis, key, { token: mine, ttl: spans.before })
    await raise(redis, key, { token: anothers, ttl: spans.before })

    for (const token of order) expect(await lower(redis, key, { token, settle: 0, entry })).toBe('lowered')

    expect(await standing(redis, key)).toBeNull()
  })

  it('after the last of several has gone, leaves the next writer alone with the key', async () => {
    const key = newKey()
    for (const token of [anothers, thirds]) await raise(redis, key, { token, ttl: spans.before })
    for (const token of [thirds, anothers]) await lower(redis, key, { token, settle: 0 })
    await raise(redis, key, { token: mine, ttl: spans.before })

    expect(await lower(redis, key, withEntry)).toBe('stored')
    expect(await standing(redis, key)).toEqual(filled)
  })

  it('lets nobody store while another’s write settles', async () => {
    const key = newKey()
    await raise(redis, key, { token: anothers, ttl: spans.before })
    await lower(redis, key, { token: anothers, settle: spans.fresh })
    await raise(redis, key, { token: mine, ttl: spans.before })

    expect(await lower(redis, key, withEntry)).toBe('lowered')
    expect(await standing(redis, key)).toEqual(barred('x', [[anothers, 'fresh']], 'fresh'))
  })

  it('stores every byte of a large payload', async () => {
    const key = newKey()
    const raw = Buffer.concat([value, Buffer.alloc(2 ** 20, '\u0000\n\r\u00ff')])
    await raise(redis, key, { token: mine, ttl: spans.before })

    expect(await lower(redis, key, { ...plain, entry: { ...entry, raw } })).toBe('stored')
    expect(await standing(redis, key)).toEqual(valued(raw, { freshUntil: 'fresh' }))
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await stored(value)(redis, key)

    expect(await lower(redis, key, plain)).toBe('lowered')
    expect(await standing(redis, key)).toBeNull()

    const commands = await commandsDuring(redis, () => lower(redis, key, plain))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it('rejects with what the server says, and leaves the barrier', async () => {
    const key = newKey()
    await barrier('-', [mine, 'before'])(redis, key)

    await expect(lower(redis, key, { ...plain, entry: { ...entry, ttl: 0 } })).rejects.toThrow('invalid expire')
    expect(await standing(redis, key)).toEqual(barred('-', [[mine, 'before']], 'before'))
  })

  it.each([null, 3, 0, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(lower(answering(reply), newKey(), plain)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `lower: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
