import { type RedisServer, serverWithVectors, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CacheAside } from '../../src/index.ts'
import { runScript } from '../../src/protocol/script.ts'
import { ExactIndex, redisVectors, type VectorIndex } from '../../src/semantic/index.ts'
import { pointScript } from '../../src/semantic/scripts.generated.ts'
import { cosineOf } from './angles.ts'

let server: RedisServer
let redis: Redis
let tests = 0

beforeAll(async () => {
  server = await startRedis(await serverWithVectors())
  redis = server.client()
})
afterAll(() => server.stop())

interface Opened {
  readonly index: VectorIndex
  readonly keysOf: (scope: string, dimensions: number) => readonly [newer: string, older: string]
}

function open({ maxEntries = 10_000, client = redis, embedder = 'hashing:1' } = {}): Opened {
  const namespace = `test-${++tests}`
  const cache = new CacheAside({ namespace, redis: client, commandTimeout: '10s' })
  const index = redisVectors()({ name: 'answers', cache, embedder, maxEntries })
  return {
    index,
    keysOf: (scope, dimensions) => {
      const newer = `${namespace}/semantic:answers:${embedder.replace(':', '%3A')}:${dimensions}:{${scope}}`
      return [newer, `${newer}:older`]
    },
  }
}

const at = (degrees: number): Float32Array => Float32Array.of(cosineOf(degrees), cosineOf(90 - degrees), 0)
const pointer = (id: string, degrees: number, ttl = 3_600_000) => ({ id, scope: 'a', ttl, vector: at(degrees) })

describe('vector sets', () => {
  it('agree with the exact index, whatever is added and removed', async () => {
    const { index } = open()
    const exact = new ExactIndex()
    const random = numbersFrom(20_261_121)
    const below = (limit: number) => Math.floor(random() * limit)
    const scopes = ['a', 'b', 'c']
    const direction = (dimensions: number) => unit(Float32Array.from({ length: dimensions }, () => random() - 0.5))
    let compared = 0

    // Of an id there is one vector, as of a text.
    const known = new Map<string, { readonly scope: string; readonly vector: Float32Array }>()

    for (let step = 0; step < 600; step++) {
      const scope = scopes[below(scopes.length)] ?? ''
      const query = { scope, vector: direction(random() < 0.9 ? 24 : 25) }
      const action = random()
      if (action < 0.5) {
        const id = `${scope}-${query.vector.length}-${below(40)}`
        const added = { ...(known.get(id) ?? query), id, ttl: 3_600_000 }
        known.set(id, added)
        await Promise.all([index, exact].map((each) => each.add(added)))
      } else if (action < 0.6) {
        const [found] = await exact.search(query, 1)
        if (found) await Promise.all([index, exact].map((each) => each.remove(found.id, query)))
      } else {
        const [found, expected] = await Promise.all([index, exact].map((each) => each.search(query, 8)))
        expect(found?.map(({ id }) => id)).toEqual(expected?.map(({ id }) => id))
        for (const [place, { similarity }] of (expected ?? []).entries())
          expect(found?.[place]?.similarity).toBeCloseTo(similarity, 5)
        compared += expected?.length ?? 0
      }
    }
    expect(compared).toBeGreaterThan(500)
  })

  it('are found through a client that maps replies of RESP3', async () => {
    for (const client of [
      server.client({ protocol: 3, replyMapping: 'resp3' } as never),
      server.client({ protocol: 2 }),
    ]) {
      const { index } = open({ client })
      await index.add(pointer('near', 5))
      await index.add(pointer('far', 120))

      const found = await index.search({ scope: 'a', vector: at(0) }, 8)
      expect(found.map(({ id }) => id)).toEqual(['near', 'far'])
      expect(found[0]?.similarity).toBeCloseTo(cosineOf(5), 5)
      expect(found[1]?.similarity).toBeCloseTo(cosineOf(120), 5)
    }
  })

  it('are one for each model, number of dimensions and scope', async () => {
    const { index, keysOf } = open()
    await index.add(pointer('one', 0))
    await index.add({ ...pointer('two', 0), vector: Float32Array.of(1, 0) })
    await index.add({ ...pointer('three', 0), scope: 'b' })

    for (const [scope, dimensions] of [
      ['a', 3],
      ['a', 2],
      ['b', 3],
    ] as const)
      expect(await redis.call('VCARD', keysOf(scope, dimensions)[0])).toBe(1)
  })

  it('do not find what is over or removed, and find it again when it is added', async () => {
    const { index, keysOf } = open()
    await index.add(pointer('long', 10))
    for (let degrees = 0; degrees < 9; degrees++) {
      await index.add(pointer(`${degrees}`, degrees))
      await redis.call('VSETATTR', keysOf('a', 3)[0], `${degrees}`, '{"until":1}')
    }

    await index.add(pointer('removed', 5))
    await index.remove('removed', pointer('removed', 5))

    expect(await index.search({ scope: 'a', vector: at(0) }, 8)).toMatchObject([{ id: 'long' }])
    await index.add(pointer('removed', 5))
    expect(await index.search({ scope: 'a', vector: at(0) }, 8)).toMatchObject([{ id: 'removed' }, { id: 'long' }])
  })

  it('report what is no vector set, and are usable where they are', async () => {
    const { index, keysOf } = open()
    await index.connect?.()
    await redis.set(keysOf('a', 3)[0], 'text')

    await expect(index.search({ scope: 'a', vector: at(0) }, 8)).rejects.toThrow('WRONGTYPE')
    await expect(index.add(pointer('one', 0))).rejects.toThrow('WRONGTYPE')
  })
})

describe('point', () => {
  const point = ([newer, older]: Keys, { limit = 100, ttl = 60_000, id = 'new', degrees = 0 } = {}) =>
    runScript(redis, pointScript, [newer, older], [limit, ttl, id, Buffer.from(at(degrees).buffer)])
  const untilOf = async (key: string, id: string) =>
    (JSON.parse(String(await redis.call('VGETATTR', key, id))) as { until: number }).until
  const elements = async (key: string) => ((await redis.call('VRANDMEMBER', key, 100)) as string[]).toSorted()
  type Keys = readonly [newer: string, older: string]
  const newKeys = (): Keys => [`point-${++tests}`, `point-${tests}-older`]

  it('absent: the element; expires after ttl', async () => {
    const keys = newKeys()
    const [newer, older] = keys
    expect(await point(keys, { ttl: 50_000 })).toEqual(Buffer.from('OK'))

    expect(await elements(newer)).toEqual(['new'])
    expect(await redis.exists(older)).toBe(0)
    const [seconds, microseconds] = await redis.time()
    const now = Number(seconds) * 1_000 + Number(microseconds) / 1_000
    expect(await untilOf(newer, 'new')).toBeGreaterThan(now)
    expect(await untilOf(newer, 'new')).toBeLessThanOrEqual(now + 50_000)
    expect(await redis.pttl(newer)).toBeGreaterThan(0)
    expect(await redis.pttl(newer)).toBeLessThanOrEqual(50_000)
    // As it was given: not shortened to 8 bits.
    expect((await redis.call('VINFO', newer)) as unknown[]).toContain('f32')
  })

  it('has the element: the element, with this time; it is not taken out and put back', async () => {
    const keys = newKeys()
    const [newer] = keys
    await point(keys, { ttl: 1_000 })
    await point(keys, { id: 'other', ttl: 1_000 })
    const before = await untilOf(newer, 'new')
    const nodes = async () => ((await redis.call('VINFO', newer)) as unknown[]).at(-1)
    const made = await nodes()
    await point(keys, { ttl: 100_000, limit: 2 })

    expect(await elements(newer)).toEqual(['new', 'other'])
    expect(await untilOf(newer, 'new')).toBeGreaterThan(before)
    expect(await nodes()).toBe(made)
  })

  it('fewer than limit: one more; limit or more: the element alone, and older what newer was', async () => {
    const keys = newKeys()
    const [newer, older] = keys
    for (const id of ['a', 'b']) await point(keys, { id, limit: 2, ttl: 1_000_000 })
    expect([await elements(newer), await elements(older)]).toEqual([['a', 'b'], []])

    for (const id of ['c', 'd']) await point(keys, { id, limit: 2, ttl: 50_000 })
    expect([await elements(newer), await elements(older)]).toEqual([
      ['c', 'd'],
      ['a', 'b'],
    ])
    expect(await redis.pttl(older)).toBeGreaterThan(50_000)
    expect(await redis.pttl(newer)).toBeLessThanOrEqual(50_000)

    await point(keys, { id: 'a', limit: 2 })
    expect([await elements(newer), await elements(older)]).toEqual([['a'], ['c', 'd']])
  })

  it('expires before ttl is over: expires after ttl; later: as it was', async () => {
    const keys = newKeys()
    const [newer] = keys
    await point(keys, { ttl: 1_000_000 })
    await point(keys, { ttl: 1_000, id: 'short' })
    expect(await redis.pttl(newer)).toBeGreaterThan(1_000)

    await redis.persist(newer)
    await point(keys, { ttl: 2_000_000, id: 'long' })
    expect(await redis.pttl(newer)).toBeGreaterThan(1_000_000)
  })

  it('keeps to its limit however much is added, and finds each of the newest once', async () => {
    const { index, keysOf } = open({ maxEntries: 20 })
    for (let added = 0; added < 145; added++) await index.add(pointer(`${added % 72}`, added % 72))

    const [newer, older] = keysOf('a', 3)
    expect([await elements(newer), await elements(older)].map(({ length }) => length)).toEqual([5, 10])
    const found = await index.search({ scope: 'a', vector: at(0) }, 100)
    expect(found.map(({ id }) => id)).toEqual(['0', ...Array.from({ length: 14 }, (_, place) => `${58 + place}`)])
    await index.add(pointer('62', 62)) // Of the older set: it is in both now.
    expect(await index.search({ scope: 'a', vector: at(62) }, 3)).toMatchObject([{ id: '62', similarity: 1 }, {}, {}])
    expect((await index.search({ scope: 'a', vector: at(62) }, 100)).filter(({ id }) => id === '62')).toHaveLength(1)
    await index.remove('62', pointer('62', 62))
    expect((await index.search({ scope: 'a', vector: at(62) }, 100)).filter(({ id }) => id === '62')).toEqual([])
  })
})

const unit = (vector: Float32Array): Float32Array => {
  const length = Math.hypot(...vector)
  return vector.map((component) => component / length)
}

/** Mulberry32. */
function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
