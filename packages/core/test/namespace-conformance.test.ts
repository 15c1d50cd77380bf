import { randomUUID } from 'node:crypto'
import type { Store } from '@cache-aside/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeByTags, type Origin } from '../src/entry/origin.ts'
import { newToken } from '../src/entry/token.ts'
import type { NamespaceKeys } from '../src/protocol/store.ts'
import { evictionsHeard } from './evictions-heard.ts'
import { newKey } from './protocol/standing.ts'
import { places, type Servers, startServers } from './store-places.ts'

let servers: Servers
beforeAll(async () => {
  servers = await startServers()
})
afterAll(() => servers.stop())

const ttl = 60_000
const isVoid = { what: 'void', settle: 0, replicas: 0 } as const
const isExpired = { ...isVoid, what: 'expire' } as const
const anyGeneration = expect.stringMatching(/^[\w-]{16}$/) as string
const settling = expect.stringMatching(/^![\w-]{15}$/) as string

function newNamespace(): NamespaceKeys {
  const name = randomUUID()
  return { generation: `${name}/generation`, tagClock: `${name}/tags` }
}

describe.each(places)('a namespace in %s', (_place, open) => {
  let store: Store
  let another: Store
  beforeAll(async () => {
    store = open(servers)
    another = open(servers)
    await Promise.all([store.connect(), another.connect()])
  })
  afterAll(() => Promise.all([store.close(), another.close()]))

  /** What becomes of what is loaded now, with these tags. */
  const judged = async (namespace: NamespaceKeys, { generation, tagMoment }: Origin, tags: readonly string[] = []) => {
    const readings = await another.readings(namespace, tags)
    return readings.generation === generation ? judgeByTags(tagMoment, tags, readings.tags) : 'void'
  }

  describe('an origin', () => {
    it('has a generation, the same until the namespace is cleared', async () => {
      const namespace = newNamespace()

      const origin = await store.origin(namespace, false)

      expect(origin).toEqual({ generation: anyGeneration, tagMoment: undefined })
      expect(await another.origin(namespace, false)).toEqual(origin)
      expect(await judged(namespace, origin)).toBe('valid')
    })

    it('has a moment of the tag clock where it is asked for, later ones no earlier', async () => {
      const namespace = newNamespace()
      const readings: number[] = []
      const ids = new Set<string>()

      for (const asked of [store, another, store, another]) {
        const { tagMoment } = await asked.origin(namespace, true)
        ids.add(tagMoment?.id ?? '')
        readings.push(tagMoment?.reading ?? NaN)
      }

      expect([...ids]).toEqual([anyGeneration])
      expect(readings).toEqual(readings.toSorted((one, other) => one - other))
    })

    it('of one namespace is not that of another', async () => {
      const [one, other] = [await store.origin(newNamespace(), true), await store.origin(newNamespace(), true)]

      expect(one.generation).not.toBe(other.generation)
      expect(one.tagMoment?.id).not.toBe(other.tagMoment?.id)
    })

    it('is one for all who ask at once', async () => {
      const namespace = newNamespace()

      const origins = await Promise.all([store, another, store, another].map((asked) => asked.origin(namespace, true)))

      expect(new Set(origins.map(({ generation }) => generation)).size).toBe(1)
      expect(new Set(origins.map(({ tagMoment }) => tagMoment?.id)).size).toBe(1)
    })
  })

  describe('readings', () => {
    it('of what nobody has asked for before hold for nothing that was loaded', async () => {
      const origin = await store.origin(newNamespace(), true)

      expect(await judged(newNamespace(), origin)).toBe('void')
      expect(await judged({ ...newNamespace(), generation: newKey() }, origin, ['a'])).toBe('void')
    })

    it('are of the tags that are asked for, and of none where none are', async () => {
      const namespace = newNamespace()
      await store.origin(namespace, true)
      await store.bump(namespace.tagClock, ['a', 'b'], isVoid)

      const { tags } = await another.readings(namespace, ['a', 'c'])

      expect([...(tags?.of.keys() ?? [])]).toEqual(['a', 'c'])
      expect((await another.readings(namespace, [])).tags).toBeUndefined()
    })

    it('come with what stands under a key', async () => {
      const namespace = newNamespace()
      const origin = await store.origin(namespace, true)
      await store.bump(namespace.tagClock, ['a'], isVoid)
      const key = newKey()
      await store.claim(key, { token: 't'.repeat(22), ttl })

      const { raw, ...readings } = await another.read(key, namespace, ['a', 'b'])

      expect(raw?.toString()).toBe(`L${'t'.repeat(22)}`)
      expect(await store.readings(namespace, ['a', 'b'])).toMatchObject(readings)
      expect(readings.generation).toBe(origin.generation)
    })

    it('of one tick are each caller’s own', async () => {
      const [one, other] = [newNamespace(), newNamespace()]
      const origins = [await store.origin(one, true), await store.origin(other, true)]
      await store.bump(one.tagClock, ['a'], isVoid)

      const [ofOne, ofOther, ofB, none] = await Promise.all([
        another.read(newKey(), one, ['a']),
        another.read(newKey(), other, ['a']),
        another.readings(one, ['b']),
        another.readings(other, []),
      ])

      expect(judgeByTags(origins[0]?.tagMoment, ['a'], ofOne?.tags)).toBe('void')
      expect(judgeByTags(origins[1]?.tagMoment, ['a'], ofOther?.tags)).toBe('valid')
      expect(judgeByTags(origins[0]?.tagMoment, ['b'], ofB?.tags)).toBe('valid')
      expect(none?.tags).toBeUndefined()
    })
  })

  describe('clear', () => {
    it('voids what was loaded before, with tags and without, and nothing that is loaded after', async () => {
      const namespace = newNamespace()
      const before = await store.origin(namespace, true)

      await another.clear(namespace.generation, 0)

      expect(await judged(namespace, before)).toBe('void')
      expect(await judged(namespace, before, ['a'])).toBe('void')
      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('valid')
    })

    it('of a namespace that is new, or of one that was just cleared, clears', async () => {
      const namespace = newNamespace()
      const generations = new Set<string>()

      for (let time = 0; time < 4; time++) {
        await store.clear(namespace.generation, 0)
        generations.add((await another.origin(namespace, false)).generation)
      }

      expect(generations.size).toBe(4)
    })

    it('voids no other namespace', async () => {
      const [cleared, spared] = [newNamespace(), newNamespace()]
      const origin = await store.origin(spared, true)

      await another.clear(cleared.generation, 0)

      expect(await judged(spared, origin, ['a'])).toBe('valid')
    })

    it('with time to settle says so, until that is over', async () => {
      const namespace = newNamespace()
      const before = await store.origin(namespace, false)

      await another.clear(namespace.generation, 20)
      const meanwhile = await store.origin(namespace, false)
      await after(20)
      const then = await store.origin(namespace, false)

      expect(meanwhile.generation).toEqual(settling)
      expect(then.generation).toEqual(anyGeneration)
      for (const origin of [before, meanwhile]) expect(await judged(namespace, origin)).toBe('void')
      expect(await judged(namespace, then)).toBe('valid')
    })

    it.each([0, 1])('while another settles does not end that: with %i ms of its own', async (settle) => {
      const namespace = newNamespace()
      await store.clear(namespace.generation, ttl)
      const before = await store.origin(namespace, false)

      await another.clear(namespace.generation, settle)
      await after(settle)
      const origin = await store.origin(namespace, false)

      expect(origin.generation).toEqual(settling)
      expect(origin.generation).not.toBe(before.generation)
    })

    it('while another settles settles longer, if it has to', async () => {
      const namespace = newNamespace()
      await store.clear(namespace.generation, 20)

      await another.clear(namespace.generation, ttl)
      await after(20)

      expect((await store.origin(namespace, false)).generation).toEqual(settling)
    })
  })

  describe('bump', () => {
    it('voids what was loaded before with one of its tags, and nothing else', async () => {
      const namespace = newNamespace()
      const before = await store.origin(namespace, true)

      await another.bump(namespace.tagClock, ['a', 'b'], isVoid)

      expect(await judged(namespace, before, ['a'])).toBe('void')
      expect(await judged(namespace, before, ['c', 'b'])).toBe('void')
      expect(await judged(namespace, before, ['c'])).toBe('valid')
      expect(await judged(namespace, before)).toBe('valid')
      expect(await judged(namespace, await store.origin(namespace, true), ['a', 'b', 'c'])).toBe('valid')
    })

    it('voids again what was loaded since', async () => {
      const namespace = newNamespace()
      for (let time = 0; time < 4; time++) {
        const origin = await store.origin(namespace, true)
        expect(await judged(namespace, origin, ['a'])).toBe('valid')

        await another.bump(namespace.tagClock, ['a'], isVoid)

        expect(await judged(namespace, origin, ['a'])).toBe('void')
      }
    })

    it('expires what was loaded before with one of its tags, and voids nothing', async () => {
      const namespace = newNamespace()
      const before = await store.origin(namespace, true)

      await another.bump(namespace.tagClock, ['a'], isExpired)

      expect(await judged(namespace, before, ['a', 'b'])).toBe('expired')
      expect(await judged(namespace, before, ['b'])).toBe('valid')
      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('valid')
    })

    it('that expires leaves void what is', async () => {
      const namespace = newNamespace()
      const before = await store.origin(namespace, true)
      await store.bump(namespace.tagClock, ['a'], isVoid)
      const between = await store.origin(namespace, true)

      await another.bump(namespace.tagClock, ['a'], isExpired)

      expect(await judged(namespace, before, ['a'])).toBe('void')
      expect(await judged(namespace, between, ['a'])).toBe('expired')
    })

    it('of a namespace that is new voids what is loaded before, whatever its tags', async () => {
      const namespace = newNamespace()

      await store.bump(namespace.tagClock, ['a'], isExpired)

      expect(await judged(namespace, await store.origin(namespace, true), ['a', 'b'])).toBe('valid')
    })

    it('voids nothing of another namespace', async () => {
      const [one, other] = [newNamespace(), newNamespace()]
      const origin = await store.origin(other, true)

      await another.bump(one.tagClock, ['a'], isVoid)

      expect(await judged(other, origin, ['a'])).toBe('valid')
    })

    it.each(['id', 'floor', 'clock', '', ' ', ':', '*', '__proto__', 'a,b', 'é😀', 'x'.repeat(1_000)])(
      'takes any tag for one: %j',
      async (tag) => {
        const namespace = newNamespace()
        const before = await store.origin(namespace, true)

        await another.bump(namespace.tagClock, [tag], isVoid)

        expect(await judged(namespace, before, [tag])).toBe('void')
        expect(await judged(namespace, before, ['another'])).toBe('valid')
        expect(await judged(namespace, await store.origin(namespace, true), [tag])).toBe('valid')
      },
    )

    it('with time to settle voids what is loaded until that is over', async () => {
      const namespace = newNamespace()

      await another.bump(namespace.tagClock, ['a'], { ...isVoid, settle: 100 })
      const meanwhile = await store.origin(namespace, true)
      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      await after(100)

      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('valid')
    })

    it('while another settles does not end that', async () => {
      const namespace = newNamespace()
      await store.bump(namespace.tagClock, ['a'], { ...isVoid, settle: ttl })

      await another.bump(namespace.tagClock, ['a'], isVoid)
      await another.bump(namespace.tagClock, ['a'], isExpired)

      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('void')
    })
  })

  describe('raiseTags', () => {
    const writer = { token: newToken(), ttl }
    const other = { token: newToken(), ttl }

    it('voids what has one of the tags while the writer is at work, and nothing else', async () => {
      const namespace = newNamespace()
      const before = await store.origin(namespace, true)

      expect(await another.raiseTags(namespace.tagClock, ['a', 'b'], writer)).toBe('raised')
      const meanwhile = await store.origin(namespace, true)

      for (const origin of [before, meanwhile]) {
        expect(await judged(namespace, origin, ['c', 'a'])).toBe('void')
        expect(await judged(namespace, origin, ['b'])).toBe('void')
        expect(await judged(namespace, origin, ['c'])).toBe('valid')
      }
    })

    it('finds its part up, until one of it is not', async () => {
      const { tagClock } = newNamespace()
      await store.raiseTags(tagClock, ['a', 'b'], writer)
      await another.raiseTags(tagClock, ['a'], other)

      expect(await store.raiseTags(tagClock, ['a', 'b'], writer)).toBe('up')
      expect(await another.raiseTags(tagClock, ['a', 'b'], other)).toBe('raised')
      expect(await store.raiseTags(tagClock, ['a', 'b', 'c'], writer)).toBe('raised')
    })

    it('finds its part fallen when its time is over', async () => {
      const { tagClock } = newNamespace()
      await store.raiseTags(tagClock, ['a'], { ...writer, ttl: 20 })
      await after(20)

      expect(await store.raiseTags(tagClock, ['a'], writer)).toBe('raised')
    })

    it('by a writer who dies voids what was loaded until its time was over, and no longer', async () => {
      const namespace = newNamespace()
      await store.raiseTags(namespace.tagClock, ['a'], { ...writer, ttl: 100 })
      const meanwhile = await store.origin(namespace, true)
      await after(100)

      const then = await store.origin(namespace, true)
      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      expect(await judged(namespace, then, ['a'])).toBe('valid')
      await another.bump(namespace.tagClock, ['a'], isExpired)

      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      expect(await judged(namespace, then, ['a'])).toBe('expired')
    })

    it.each<readonly [string, (tagClock: string) => Promise<unknown>]>([
      ['invalidated', (tagClock) => another.bump(tagClock, ['a'], isVoid)],
      ['expired', (tagClock) => another.bump(tagClock, ['a'], isExpired)],
      ['lowered by another', (tagClock) => another.lowerTags(tagClock, ['a'], { token: newToken(), settle: 0 })],
    ])('stays up where the tag is %s', async (_how, act) => {
      const namespace = newNamespace()
      await store.raiseTags(namespace.tagClock, ['a'], writer)

      await act(namespace.tagClock)

      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('void')
      expect(await store.raiseTags(namespace.tagClock, ['a'], writer)).toBe('up')
    })
  })

  describe('lowerTags', () => {
    const writer = { token: newToken(), ttl }
    const done = { token: writer.token, settle: 0 }

    it('voids what was loaded before, and lets be what is loaded after', async () => {
      const namespace = newNamespace()
      await store.raiseTags(namespace.tagClock, ['a'], writer)
      const meanwhile = await store.origin(namespace, true)

      await store.lowerTags(namespace.tagClock, ['a'], done)

      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('valid')
    })

    it('voids what was loaded before where nothing is up any more', async () => {
      const namespace = newNamespace()
      const before = await store.origin(namespace, true)

      await store.lowerTags(namespace.tagClock, ['a'], done)

      expect(await judged(namespace, before, ['a'])).toBe('void')
    })

    it('leaves the parts of others up', async () => {
      const namespace = newNamespace()
      const other = { token: newToken(), ttl }
      await store.raiseTags(namespace.tagClock, ['a'], writer)
      await another.raiseTags(namespace.tagClock, ['a'], other)

      await store.lowerTags(namespace.tagClock, ['a'], done)
      const meanwhile = await store.origin(namespace, true)
      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      await another.lowerTags(namespace.tagClock, ['a'], { token: other.token, settle: 0 })

      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('valid')
    })

    it('takes down the tags it is given, and no other', async () => {
      const namespace = newNamespace()
      await store.raiseTags(namespace.tagClock, ['a', 'b'], writer)

      await store.lowerTags(namespace.tagClock, ['a'], done)

      const origin = await store.origin(namespace, true)
      expect(await judged(namespace, origin, ['a'])).toBe('valid')
      expect(await judged(namespace, origin, ['b'])).toBe('void')
    })

    it('with time to settle voids what is loaded until that is over', async () => {
      const namespace = newNamespace()
      await store.raiseTags(namespace.tagClock, ['a'], writer)

      await store.lowerTags(namespace.tagClock, ['a'], { ...done, settle: 100 })
      const meanwhile = await store.origin(namespace, true)
      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      await after(100)

      expect(await judged(namespace, meanwhile, ['a'])).toBe('void')
      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('valid')
    })

    it('while another settles does not end that', async () => {
      const namespace = newNamespace()
      await store.raiseTags(namespace.tagClock, ['a'], writer)
      await another.bump(namespace.tagClock, ['a'], { ...isVoid, settle: ttl })

      await store.lowerTags(namespace.tagClock, ['a'], done)

      expect(await judged(namespace, await store.origin(namespace, true), ['a'])).toBe('void')
    })
  })

  /** Resolves once so many milliseconds are over, for the server too: what was given them before has ended. */
  async function after(milliseconds: number): Promise<void> {
    const key = newKey()
    const heard = evictionsHeard()
    const watch = await another.watchEvictions(key, heard.listener)
    // Two clocks measure it, and a reading ahead is due a sixteenth late.
    await another.acquire(key, { token: newToken(), ttl: milliseconds + 10 })
    await heard.of(key)
    await watch.close()
  }
})
