import { gate } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { heard, next } from './events-heard.ts'
import { Held } from './held-store.ts'
import { onEveryStore } from './on-every-store.ts'

interface Product {
  readonly name: string
  readonly category: number
}

const hammer: Product = { name: 'Claw hammer', category: 9 }
const byCategory = { tags: ({ category }: Product) => [`category:${category}`] }
const nothing = { found: false, value: undefined }

/** design §1, P1, and §3: what is voided by its tags. */
onEveryStore('a value with tags', ({ open }) => {
  it('is void once a tag of it is invalidated, in every process', async () => {
    const [cache, other] = [open(), open()]
    await cache.getOrLoad('k', () => 'old', { tags: ['a', 'b'] })
    await other.getOrLoad('k', () => 'loaded by nobody', { tags: ['a', 'b'] })

    await cache.invalidateTag('b')

    expect(await other.get('k')).toEqual(nothing)
    expect(await other.getOrLoad('k', () => 'new', { tags: ['a', 'b'] })).toBe('new')
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })

  it('is void by a tag that only the loaded value tells', async () => {
    const [cache, other] = [open(), open()]
    await cache.getOrLoad('hammer', () => hammer, byCategory)
    await cache.getOrLoad('saw', () => ({ name: 'Hand saw', category: 12 }), byCategory)

    await other.invalidateTag(['category:9', 'category:10'])

    expect(await cache.get('hammer')).toEqual(nothing)
    expect(await cache.get('saw')).toMatchObject({ found: true })
  })

  it('stands when other tags, and the same tag of another namespace, are invalidated', async () => {
    const [cache, another] = [open(), open({ namespace: 'another' })]
    await cache.getOrLoad('k', () => 'value', { tags: ['a'] })

    await cache.invalidateTag('b')
    await another.invalidateTag('a')

    expect(await cache.get('k')).toEqual({ found: true, value: 'value' })
  })

  it('is void for a reader who goes by a tag that is invalidated, though it was stored without that', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'old', { tags: ['a'] })
    await cache.getOrLoad('l', () => 'old')

    await cache.invalidateTag('b')

    expect(await cache.getOrLoad('k', () => 'new', { tags: ['a', 'b'] })).toBe('new')
    expect(await cache.getOrLoad('l', () => 'new', { tags: ['b'] })).toBe('new')
  })

  it('whose tags differ in what keys escape, or beyond 256 bytes, is not mistaken for another', async () => {
    const cache = open()
    const tags = ['a:b', 'a%3Ab', 'a,b', '#a', 'ä', 'a b', `${'long'.repeat(100)}1`, `${'long'.repeat(100)}2`]
    for (const tag of tags)
      await cache.getOrLoad(`of ${tag}`.slice(0, 20) + tags.indexOf(tag), () => tag, { tags: [tag] })

    await cache.invalidateTag(tags.filter((_, index) => index % 2 === 0))

    const found = tags.map(async (tag, index) => (await cache.get(`of ${tag}`.slice(0, 20) + index)).found)
    expect(await Promise.all(found)).toEqual(tags.map((_, index) => index % 2 === 1))
  })

  it('is void though it was being loaded when its tag was invalidated', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<Product>()
    const early = cache.getOrLoad('k', source.load, byCategory)
    await source.called

    await other.invalidateTag('category:9')
    source.answer(hammer)

    expect(await early).toEqual(hammer) // its call overlaps the invalidation
    expect(await other.get('k')).toEqual(nothing)
  })

  it('is not shared with a caller that joined its load after the invalidation', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<Product>()
    const early = cache.getOrLoad('k', source.load, byCategory)
    await source.called
    await other.invalidateTag('category:9')

    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => ({ ...hammer, name: 'new' }), byCategory)
    await missed
    source.answer(hammer)

    expect(await early).toEqual(hammer)
    expect(await late).toMatchObject({ name: 'new' })
  })

  it('is shared with those who joined its load when nothing of it was invalidated', async () => {
    const cache = open()
    const source = gate<Product>()
    const early = cache.getOrLoad('k', source.load, byCategory)
    await source.called
    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => ({ ...hammer, name: 'loaded again' }), byCategory)
    await missed
    source.answer(hammer)

    expect(await Promise.all([early, late])).toEqual([hammer, hammer])
    expect(cache.stats().loads).toBe(1)
  })

  it('that another process brings is not served when its tag was invalidated before the call', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const acquire = held.next('acquire', 'before')
    const source = gate<Product>()
    const loading = other.getOrLoad('k', source.load, byCategory)
    await source.called
    await other.invalidateTag('category:9')
    const late = cache.getOrLoad('k', () => ({ ...hammer, name: 'new' }), byCategory)
    await acquire.reached
    source.answer(hammer)
    await loading
    acquire.release()

    expect(await late).toMatchObject({ name: 'new' })
  })

  it('of set and writeThrough is void when a tag of it was invalidated meanwhile', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const fill = held.next('fill', 'before')
    const set = cache.set('k', 'old', { tags: ['a'] })
    await fill.reached
    await other.invalidateTag('a')
    fill.release()
    await set
    await cache.writeThrough('l', () => other.invalidateTag('a').then(() => 'old'), { tags: ['a'] })

    expect(await other.get('k')).toEqual(nothing)
    expect(await other.get('l')).toEqual(nothing)
  })

  it('of set and writeThrough is cached', async () => {
    const cache = open()
    await cache.set('k', hammer, byCategory)
    await cache.writeThrough('l', () => hammer, byCategory)

    expect(await cache.get('k')).toEqual({ found: true, value: hammer })
    expect(await cache.get('l')).toEqual({ found: true, value: hammer })
    await cache.invalidateTag('category:9')
    expect(await cache.get('k')).toEqual(nothing)
    expect(await cache.get('l')).toEqual(nothing)
  })

  it('that does not exist has the tags that its reader gives a null', async () => {
    const cache = open()
    await cache.getOrLoad<Product | null>('k', () => null, { tags: (product) => (product ? [] : ['missing']) })

    expect(await cache.get('k')).toEqual({ found: true, value: null })
    await cache.invalidateTag('missing')
    expect(await cache.get('k')).toEqual(nothing)
  })

  it('whose tags cannot be told fails its load, and stores nothing', async () => {
    const cache = open()
    const broken = new Error('no category')
    const tags = () => {
      throw broken
    }

    await expect(cache.getOrLoad('k', () => 'value', { tags })).rejects.toBe(broken)
    expect(await cache.get('k')).toEqual(nothing)
    expect(await cache.getOrLoad('k', () => 'value')).toBe('value')
  })

  it('declined by its loader is not shared with a caller that joined after the invalidation', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const early = cache.getOrLoad('k', (context) => (context.decline(), source.load()), { tags: ['a'] })
    await source.called
    await other.invalidateTag('a')
    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => 'new', { tags: ['a'] })
    await missed
    source.answer('old')

    expect(await early).toBe('old')
    expect(await late).toBe('new')
  })
})

/** design §1: `expire`, for a tag. */
onEveryStore('a value whose tag is expired', ({ open }) => {
  const kept = { tags: ['a'], failSafe: '1h', staleWhileRevalidate: '1h' } as const

  it('is loaded again', async () => {
    const [cache, other] = [open(), open()]
    await cache.getOrLoad('k', () => 'old', kept)

    await other.expireTag('a')

    expect(await cache.getOrLoad('k', () => 'new', kept)).toBe('new')
  })

  it('is served when its loader fails', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'old', kept)
    await cache.expireTag('a')

    const served = await cache.getOrLoadEntry('k', () => Promise.reject(new Error('the database is away')), kept)

    expect(served).toEqual({ value: 'old', stale: 'load-failed' })
  })

  it('is loaded again though its loader had failed shortly before', async () => {
    const [cache, other] = [open(), open()]
    const brief = { ...kept, ttl: 1, staleWhileRevalidate: 0 }
    await cache.getOrLoad('k', () => 'old', brief)
    await expect.poll(() => cache.get('k')).toEqual(nothing) // its time is over
    await cache.getOrLoad('k', () => Promise.reject(new Error('the database is away')), brief)
    await cache.expireTag('a')

    expect(await other.getOrLoadEntry('k', () => 'new', brief)).toEqual({ value: 'new', stale: undefined })
  })

  it('is served no more once the tag is invalidated as well', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'old', kept)
    await cache.expireTag('a')
    await cache.invalidateTag('a')
    await cache.expireTag('a')

    const failing = cache.getOrLoad('k', () => Promise.reject(new Error('the database is away')), kept)

    await expect(failing).rejects.toThrow('the database is away')
  })

  it('has the tags of the loader that has found it unchanged', async () => {
    const cache = open()
    await cache.getOrLoad('k', ({ setEtag }) => (setEtag('v1'), 'value'), kept)
    await cache.expireTag('a')
    await cache.getOrLoad('k', ({ notModified }) => notModified(), { ...kept, tags: ['a', 'b'] })

    expect(await cache.get('k')).toEqual({ found: true, value: 'value' })
    await cache.expireTag('a')
    const etags: unknown[] = []
    const both = { ...kept, tags: ['a', 'b'] }
    await cache.getOrLoad('k', ({ stale, notModified }) => (etags.push(stale?.etag), notModified()), both)
    expect(etags).toEqual(['v1'])
    await cache.invalidateTag('b')
    expect(await cache.get('k')).toEqual(nothing)
  })

  it('is fresh again once its loader has found it unchanged', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'value', kept)
    await cache.expireTag('a')

    await cache.getOrLoad('k', ({ notModified }) => notModified(), kept)

    expect(await cache.getOrLoadEntry('k', () => 'loaded by nobody', kept)).toEqual({
      value: 'value',
      stale: undefined,
    })
  })
})

/** design §1: the whole namespace. */
onEveryStore('after a clear', ({ open }) => {
  it('everything is void, with tags and without, in every process', async () => {
    const [cache, other] = [open(), open()]
    await cache.getOrLoad('k', () => 'old')
    await cache.getOrLoad('l', () => 'old', { tags: ['a'] })

    await other.clear()

    expect(await cache.get('k')).toEqual(nothing)
    expect(await cache.get('l')).toEqual(nothing)
    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
    expect(await other.get('k')).toEqual({ found: true, value: 'new' })
  })

  it('other namespaces are as they were', async () => {
    const [cache, another] = [open(), open({ namespace: 'another' })]
    await another.getOrLoad('k', () => 'value')

    await cache.clear()

    expect(await another.get('k')).toEqual({ found: true, value: 'value' })
  })

  it('what was being loaded is void, and not shared with who joined later', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const early = cache.getOrLoad('k', source.load)
    await source.called
    await other.clear()
    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => 'new')
    await missed
    source.answer('old')

    expect(await early).toBe('old')
    expect(await late).toBe('new')
    expect(await other.get('k')).toEqual({ found: true, value: 'new' })
  })

  it('what was being set or written through is void', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const fill = held.next('fill', 'before')
    const set = cache.set('k', 'old')
    await fill.reached
    await other.clear()
    fill.release()
    await set
    await cache.writeThrough('l', () => other.clear().then(() => 'old'))

    expect(await other.get('k')).toEqual(nothing)
    expect(await other.get('l')).toEqual(nothing)
  })

  it('that settles, nothing is cached until it has', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'old')
    await cache.clear({ settle: '1h' })
    await cache.clear()

    expect(await cache.getOrLoad('k', () => 'from a replica')).toBe('from a replica')
    expect(await cache.get('k')).toEqual(nothing)
    expect(await cache.set('k', 'given')).toBe(false)
  })

  it('that settles, nothing is cached of a load that had read before', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const fills = heard(cache, 'fill')
    const read = held.next('read', 'after')
    const acquire = held.next('acquire', 'before')
    const early = cache.getOrLoad('k', () => 'from a replica', { tags: ['a'] })
    await read.reached
    await other.clear({ settle: '1h' })
    read.release()
    await acquire.reached
    acquire.release()

    expect(await early).toBe('from a replica')
    expect(fills).toEqual([])
    expect(await other.get('k')).toEqual(nothing)
  })

  it('that has settled, values are cached again', async () => {
    const cache = open()
    await cache.clear({ settle: 20 })

    await expect
      .poll(async () => {
        await cache.getOrLoad('k', () => 'value')
        return (await cache.get('k')).found
      })
      .toBe(true)
  })
})

/** design §1, P4, for tags. */
onEveryStore('while a write behind the barrier of a tag runs', ({ open }) => {
  it('values with the tag are void and not cached, and then are again', async () => {
    const [cache, other] = [open(), open()]
    await cache.getOrLoad('k', () => 'old', { tags: ['a'] })

    await cache.mutate(
      [],
      async () => {
        expect(await other.getOrLoad('k', () => 'early', { tags: ['a'] })).toBe('early')
        expect(await other.get('k')).toEqual(nothing)
      },
      { tags: ['a', 'b'] },
    )

    expect(await other.get('k')).toEqual(nothing)
    await other.getOrLoad('k', () => 'new', { tags: ['a'] })
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })

  it('others load without waiting for each other where the tag is known', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()

    await cache.mutate(
      [],
      async () => {
        const first = cache.getOrLoad('k', source.load, { tags: ['a'] })
        await source.called
        expect(await other.getOrLoad('k', () => 'second', { tags: ['a'] })).toBe('second')
        source.answer('first')
        expect(await first).toBe('first')
      },
      { tags: ['a'] },
    )
  })

  it('the barrier of another writer stays when the first is done', async () => {
    const [cache, other] = [open(), open()]
    const [slow, begun] = [gate<string>(), gate<string>()]
    const second = other.mutate([], () => (begun.load().catch(() => {}), slow.load()), { tags: ['a'] })
    await slow.called
    await cache.mutate([], () => 'quick', { tags: ['a'] })

    await cache.getOrLoad('k', () => 'early', { tags: ['a'] })
    expect(await cache.get('k')).toEqual(nothing)
    slow.answer('done')
    await second
    await cache.getOrLoad('k', () => 'new', { tags: ['a'] })
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })

  it('a writer who dies leaves nothing stale once its time is over', async () => {
    const held = new Held()
    const [dying, cache] = [open({ barrierTtl: 200 }, held.wrap), open()]
    const lower = held.next('lowerTags', 'before')
    let committed = 'old'
    await cache.getOrLoad('k', () => committed, { tags: ['a'] })
    const write = dying.mutate([], () => (committed = 'new'), { tags: ['a'] })
    await lower.reached // and never goes on, as far as the others can see

    const read = () => cache.getOrLoad('k', () => committed, { tags: ['a'] })
    expect(await read()).toBe('new')
    await expect.poll(async () => (await read(), await cache.get('k'))).toEqual({ found: true, value: 'new' })
    lower.release()
    await write
  })
})

onEveryStore('an invalidation of tags that settles', ({ open }) => {
  it('lets nothing with them be cached until it has', async () => {
    const cache = open()
    await cache.invalidateTag('a', { settle: '1h' })
    await cache.invalidateTag('a')
    await cache.mutate([], () => 'written', { tags: ['a'] })

    await cache.getOrLoad('k', () => 'from a replica', { tags: ['a'] })

    expect(await cache.get('k')).toEqual(nothing)
  })

  it('lets it be cached when it has, though nothing else is ever invalidated', async () => {
    const cache = open()
    await cache.invalidateTag('a', { settle: 50 })
    const read = () => cache.getOrLoad('k', () => 'value', { tags: ['a'] })

    await expect.poll(async () => (await read(), await cache.get('k'))).toEqual({ found: true, value: 'value' })
  })
})

onEveryStore('a child of a cache', ({ open }) => {
  it('has keys and tags of its own', async () => {
    const cache = open()
    const [acme, zenith] = [cache.child('acme'), cache.child('zenith')]
    await cache.getOrLoad('k', () => 'whole', { tags: ['t'] })
    await acme.getOrLoad('k', () => 'acme', { tags: ['t'] })
    await zenith.getOrLoad('k', () => 'zenith', { tags: () => ['t'] })

    await acme.invalidateTag('t')
    await cache.invalidate('k')

    expect([await cache.get('k'), await acme.get('k')]).toEqual([nothing, nothing])
    expect(await zenith.get('k')).toEqual({ found: true, value: 'zenith' })
    expect(await cache.get('zenith:k')).toEqual({ found: true, value: 'zenith' })
  })

  it('is cleared alone, with the children it has, and with the whole', async () => {
    const cache = open()
    const [acme, zenith] = [cache.child('acme'), cache.child('zenith')]
    const eu = acme.child('eu')
    const load = () => 'value'
    const fill = () => Promise.all([cache, acme, zenith, eu].map((one) => one.getOrLoad('k', load)))
    const found = () => Promise.all([cache, acme, zenith, eu].map(async (one) => (await one.get('k')).found))
    await fill()

    await eu.clear()
    expect(await found()).toEqual([true, true, true, false])
    await fill()
    await acme.clear()
    expect(await found()).toEqual([true, false, true, false])
    await fill()
    await cache.clear()
    expect(await found()).toEqual([false, false, false, false])
  })

  it('is given its own keys by a batch, and gives them to its tags', async () => {
    const acme = open().child('acme')
    const asked: (readonly string[])[] = []
    const load = (keys: readonly string[]) => (asked.push(keys), new Map([['k', 'value']]))
    const tags = (value: string | null, key: string) => [`${value} of ${key}`]

    const values = await acme.getOrLoadMany(['k', 'l'], load, { tags })
    await acme.invalidateTag('value of k')

    expect(values).toEqual(
      new Map([
        ['k', 'value'],
        ['l', null],
      ]),
    )
    expect(asked).toEqual([['k', 'l']])
    expect(await acme.get('k')).toEqual(nothing)
    expect(await acme.get('l')).toEqual({ found: true, value: null })
    const gathered = acme.gathered((ids: readonly number[]) => ids.map((id) => id * 2), { tags: ['numbers'] })
    expect(await Promise.all([gathered('a', 1), gathered('b', 2)])).toEqual([2, 4])
    expect(await acme.get('b')).toEqual({ found: true, value: 4 })
    await gathered('c', 3, { ttl: '1h' })
    await acme.invalidateTag('numbers')
    expect(await acme.get('b')).toEqual(nothing)
    expect(await acme.get('c')).toEqual(nothing)
  })

  it('has nothing once it is cleared, whoever has put it there', async () => {
    const cache = open()
    await cache.set('acme:k', 'of the whole')
    await cache.child('acme').clear()

    expect(await cache.child('acme').get('k')).toEqual(nothing)
    expect(await cache.child('acme').ttl('k')).toBeNull()
  })

  it('tells its loaders its own keys, and refuses what the whole refuses', async () => {
    const acme = open().child('acme')

    expect(await acme.getOrLoad('k', ({ key }) => key)).toBe('k')
    await expect(acme.invalidate(undefined as never)).rejects.toThrow('key of type undefined')
    await expect(acme.getOrLoad('k', () => 1, { tags: 5 as never })).rejects.toThrow('option "tags"')
    await expect(acme.getOrLoadMany('k' as never, () => [1])).rejects.toThrow('option "keys": expected a list of keys')
  })

  it('of a name that could be two is the one', async () => {
    const cache = open()
    await cache.child('a:b').set('c', 'one')

    expect(await cache.child('a').child('b').get('c')).toEqual(nothing)
    expect(await cache.child('a').get('b:c')).toEqual(nothing)
  })

  it('writes and expires what is its own', async () => {
    const cache = open()
    const acme = cache.child('acme')
    await acme.writeThrough('k', () => 'written', { failSafe: '1h' })
    await cache.set('k', 'whole')
    expect(await acme.ttl('k')).toBeGreaterThan(0)

    await acme.expire('k')
    expect(await acme.get('k')).toEqual(nothing)
    await acme.set('l', 'value', { tags: ['t'] })
    await acme.mutate('k', () => 'written', { tags: ['t'] })
    expect(await acme.get('l')).toEqual(nothing)
    await acme.set('l', 'value', { tags: ['t'], failSafe: '1h' })
    await acme.expireTag('t')
    expect(await acme.get('l')).toEqual(nothing)
    await acme.set('l', 'value')
    await acme.invalidatePattern('*')
    expect(await acme.get('l')).toEqual(nothing)
    expect(await cache.get('k')).toEqual({ found: true, value: 'whole' })
  })
})

onEveryStore('what happens to tags', ({ open }) => {
  it('is reported, and counted', async () => {
    const cache = open()
    const [tags, expired, cleared] = [
      heard(cache, 'invalidate-tags'),
      heard(cache, 'expire-tags'),
      heard(cache, 'clear'),
    ]

    await cache.invalidateTag(['a', 'b', 'a'])
    await cache.expireTag('c')
    await cache.clear()
    await cache.invalidateTag([])

    expect(tags).toEqual([{ type: 'invalidate-tags', tags: ['a', 'b'] }])
    expect(expired).toEqual([{ type: 'expire-tags', tags: ['c'] }])
    expect(cleared).toHaveLength(1)
    expect(cache.stats()).toMatchObject({ tagInvalidations: 3, invalidations: 0 })
  })
})

describe('a tag', () => {
  onEveryStore('that cannot be one', ({ open }) => {
    it.each([
      ['', 'empty tag'],
      ['a\n', 'control character'],
      ['\ud800', 'surrogate'],
      [7 as unknown as string, 'tag of type number'],
    ])('%j is refused', async (tag, reason) => {
      const cache = open()

      await expect(cache.invalidateTag(tag)).rejects.toThrow(reason)
      await expect(cache.getOrLoad('k', () => 1, { tags: [tag] })).rejects.toThrow(reason)
      await expect(cache.getOrLoad('k', () => 1, { tags: () => [tag] })).rejects.toThrow(reason)
      await expect(cache.mutate([], () => 1, { tags: [tag] })).rejects.toThrow(reason)
    })

    it('too many are refused', async () => {
      const cache = open()
      const tags = Array.from({ length: 65 }, (_, at) => `t${at}`)

      await expect(cache.getOrLoad('k', () => 1, { tags })).rejects.toThrow(
        'option "tags": expected a list of at most 64',
      )
      await expect(cache.set('k', 1, { tags: () => tags })).rejects.toThrow('option "tags"')
      await expect(cache.getOrLoad('k', () => 1, { tags: 'a' as never })).rejects.toThrow('got "a"')
    })
  })
})
