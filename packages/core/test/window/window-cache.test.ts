import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import type { CacheAside } from '../../src/cache/cache.ts'
import { onEveryStore } from '../guarantee/on-every-store.ts'
import { chatsOn, contents, Database, type Message, said } from './opened.ts'

const nothing = { found: false, value: undefined }
const tokens = (most: number) => ({ tokens: most, of: ({ content }: Message) => content.length })

const next = (cache: CacheAside, type: 'miss' | 'wait') => new Promise((resolve) => cache.events.on(type, resolve))

onEveryStore('a window', ({ open }) => {
  it('is loaded once, and is the newest items, oldest first', async () => {
    const chats = chatsOn(open())
    const database = new Database({ one: ['a', 'b', 'c', 'd'] })

    const loaded = await chats.getOrLoad('one', database.load('one'))
    const cached = await chats.getOrLoad('one', database.load('one'))

    expect(loaded).toEqual(['b', 'c', 'd'].map(said))
    expect(cached).toEqual(loaded)
    expect(await chats.get('one')).toEqual({ found: true, value: loaded })
    expect(database.loads).toBe(1)
  })

  it('of which there is nothing is cached as well', async () => {
    const chats = chatsOn(open())
    const database = new Database()

    expect(await chats.getOrLoad('none', database.load('none'))).toEqual([])
    expect(await chats.get('none')).toEqual({ found: true, value: [] })
    expect(await chats.append('none', database.add('none', 'first'))).toBe('updated')
    expect(await chats.get('none')).toEqual({ found: true, value: [said('first')] })
  })

  it('has what is appended to it, in every process, without a load', async () => {
    const [chats, others] = [chatsOn(open()), chatsOn(open())]
    const database = new Database({ one: ['a', 'b'] })
    await chats.getOrLoad('one', database.load('one'))

    expect(await chats.append('one', database.add('one', 'c', 'd'))).toBe('updated')

    expect(contents(await others.getOrLoad('one', database.load('one')))).toEqual(['b', 'c', 'd'])
    expect(await others.append('one', database.add('one', 'e'))).toBe('updated')
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['c', 'd', 'e'])
    expect(database.loads).toBe(1)
  })

  it('is not made of what is appended where none is cached', async () => {
    const chats = chatsOn(open())
    const database = new Database({ one: ['a', 'b'] })

    expect(await chats.append('one', database.add('one', 'c'))).toBe('uncached')

    expect(await chats.get('one')).toEqual(nothing)
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b', 'c'])
  })

  it('with a budget of tokens is the longest run of the newest that fits, and the newest at least', async () => {
    const chats = chatsOn(open(), { limit: tokens(10) })
    const database = new Database({ one: ['12345', '1234', '123', '12'] })

    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['1234', '123', '12'])
    expect(await chats.append('one', database.add('one', '1234'))).toBe('updated')
    expect(contents((await chats.get('one')).value ?? [])).toEqual(['123', '12', '1234'])
    expect(await chats.append('one', database.add('one', 'more than a budget'))).toBe('updated')
    expect(contents((await chats.get('one')).value ?? [])).toEqual(['more than a budget'])
    expect(await chats.append('one', database.add('one', '1'))).toBe('updated')
    expect(contents((await chats.get('one')).value ?? [])).toEqual(['1'])
    expect(database.loads).toBe(1)
  })

  it('has nothing that is older than an item that does not fit, though that was appended with a newer one', async () => {
    const chats = chatsOn(open(), { limit: tokens(5) })
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))

    expect(await chats.append('one', database.add('one', 'too long', 'b'))).toBe('updated')

    expect(await chats.get('one')).toEqual({ found: true, value: [said('b')] })
  })

  it('asks no more than once for the weight of an item, and of none that is not kept but the first', async () => {
    const weighed: string[] = []
    const of = ({ content }: Message) => {
      weighed.push(content)
      return content.length
    }
    const chats = chatsOn(open(), { limit: { tokens: 5, of } })

    await chats.getOrLoad('one', () => ['a', 'b', 'long', 'cc', 'dd'].map(said))
    await chats.append('one', () => [said('e')])

    expect(await chats.get('one')).toEqual({ found: true, value: ['cc', 'dd', 'e'].map(said) })
    expect(weighed).toEqual(['dd', 'cc', 'long', 'e'])
  })

  it('with nothing appended stays as it is', async () => {
    const chats = chatsOn(open())
    const database = new Database({ one: ['a', 'b'] })
    await chats.getOrLoad('one', database.load('one'))

    expect(await chats.append('one', () => [])).toBe('updated')
    expect(contents((await chats.get('one')).value ?? [])).toEqual(['a', 'b'])
  })

  it('is the caller’s own to change', async () => {
    const chats = chatsOn(open())
    const loaded = [said('a')]
    const read = await chats.getOrLoad('one', () => loaded)

    read.push(said('b'))
    loaded.push(said('c'))

    expect(await chats.get('one')).toEqual({ found: true, value: [said('a')] })
  })

  it('of another name or id is another', async () => {
    const cache = open()
    const [chats, feeds] = [chatsOn(cache), chatsOn(cache, { name: 'feed' })]
    await chats.getOrLoad(1, () => [said('a')])

    expect(chats.key(1)).toBe('chat:1')
    expect(await chats.get('1')).toMatchObject({ found: true })
    expect(await chats.get(2)).toEqual(nothing)
    expect(await feeds.get(1)).toEqual(nothing)
  })

  it.each<[string, (cache: CacheAside, key: string) => Promise<unknown>]>([
    ['invalidate', (cache, key) => cache.invalidate(key)],
    ['expire', (cache, key) => cache.expire(key)],
    ['mutate', (cache, key) => cache.mutate(key, () => {})],
    ['clear', (cache) => cache.clear()],
    ['invalidatePattern', (cache) => cache.invalidatePattern('chat:*')],
  ])('is void after %s of its cache', async (_what, act) => {
    const cache = open()
    const chats = chatsOn(cache)
    await chats.getOrLoad('one', () => [said('old')])

    await act(cache, chats.key('one'))

    expect(await chats.get('one')).toEqual(nothing)
    expect(contents(await chats.getOrLoad('one', () => [said('new')]))).toEqual(['new'])
    expect(await chats.append('one', () => [said('newer')])).toBe('updated')
  })

  it('is void after it was invalidated, one or many', async () => {
    const chats = chatsOn(open())
    for (const id of ['one', 'two', 'three']) await chats.getOrLoad(id, () => [said(id)])

    expect(await chats.invalidate('one')).toBe('acknowledged')
    expect(await chats.invalidate(['two', 'three'])).toBe('acknowledged')

    for (const id of ['one', 'two', 'three']) expect(await chats.get(id)).toEqual(nothing)
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'expected an array of items, oldest first, got undefined'],
    ['"does not exist"', null, 'expected an array of items, oldest first, got null'],
    ['one item', { content: 'secret' }, 'expected an array of items, oldest first, got an object'],
    ['a text', 'secret', 'expected an array of items, oldest first, got a string'],
    ['an item that is undefined', [said('a'), undefined], 'an item is undefined, which JSON cannot hold'],
    ['an item with a bigint', [{ id: 5n }], 'property "id" is a bigint, which JSON cannot hold'],
  ])('refuses %s, loaded or written', async (_what, items, message) => {
    const chats = chatsOn(open())
    const refused = { code: 'UNCACHEABLE', key: 'chat:one', message: `store "chat:one": ${message}` }

    await expect(chats.getOrLoad('one', () => items as Message[])).rejects.toMatchObject(refused)
    await chats.getOrLoad('one', () => [said('a')])
    await expect(chats.append('one', () => items as Message[])).rejects.toMatchObject(refused)
    expect(await chats.get('one')).toEqual(nothing)
  })

  it.each<[unknown, string]>([
    [-1, '-1'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    ['12', 'a string'],
    [undefined, 'undefined'],
    [Promise.resolve(1), 'an object'],
  ])('refuses the weight %s', async (weight, got) => {
    const chats = chatsOn(open(), { limit: { tokens: 5, of: () => weight as number } })

    await expect(chats.getOrLoad('one', () => [said('a')])).rejects.toMatchObject({
      code: 'UNCACHEABLE',
      message: `store "chat:one": expected limit.of to return a whole number from 0, such as 12, got ${got}`,
    })
  })

  it('is void when a write fails, because part of it may be made', async () => {
    const chats = chatsOn(open())
    await chats.getOrLoad('one', () => [said('a')])
    const error = new TypeError('no such column')

    await expect(chats.append('one', () => Promise.reject(error))).rejects.toBe(error)

    expect(await chats.get('one')).toEqual(nothing)
  })

  it('is appended to by a function alone', async () => {
    const chats = chatsOn(open())

    await expect(chats.append('one', [said('a')] as never)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [{ option: 'write', got: 'an array' }],
    })
  })

  it('is cut to what this process keeps, where another keeps more', async () => {
    const cache = open()
    const [large, small] = [chatsOn(cache, { limit: 5 }), chatsOn(cache, { limit: 2 })]
    const database = new Database({ one: ['a', 'b', 'c', 'd', 'e'] })
    await large.getOrLoad('one', database.load('one'))

    expect(contents(await small.getOrLoad('one', database.load('one')))).toEqual(['d', 'e'])
    expect(await small.append('one', database.add('one', 'f'))).toBe('updated')
    expect(contents(await large.getOrLoad('one', database.load('one')))).toEqual(['e', 'f'])
    expect(database.loads).toBe(1)
  })

  it('of a count is no window of tokens, and the other way round', async () => {
    const cache = open()
    const [counted, weighed] = [chatsOn(cache), chatsOn(cache, { limit: tokens(10) })]
    const database = new Database({ one: ['a', 'b'] })
    const outdated: string[] = []
    cache.events.on('outdated', ({ reason }) => outdated.push(reason))

    await counted.getOrLoad('one', database.load('one'))
    expect(contents(await weighed.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
    expect(contents(await counted.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])

    expect(database.loads).toBe(3)
    expect(new Set(outdated)).toEqual(new Set(['not written as "window-weighed"', 'not written as "window"']))
  })

  it('of a count is void when one of tokens is appended to', async () => {
    const cache = open()
    const [counted, weighed] = [chatsOn(cache), chatsOn(cache, { limit: tokens(10) })]
    const database = new Database({ one: ['a', 'b'] })
    await counted.getOrLoad('one', database.load('one'))

    expect(await weighed.append('one', database.add('one', 'c'))).toBe('uncached')

    expect(await counted.get('one')).toEqual(nothing)
  })

  it('is void when another version of the application appends to it', async () => {
    const [older, newer] = [chatsOn(open({ version: '1' })), chatsOn(open({ version: '2' }))]
    const database = new Database({ one: ['a', 'b'] })
    await older.getOrLoad('one', database.load('one'))

    expect(await newer.append('one', database.add('one', 'c'))).toBe('uncached')

    expect(await older.get('one')).toEqual(nothing)
  })
})

/** P1 and P5: issue 7. */
onEveryStore('appends', ({ open }) => {
  it('during a rebuild are neither lost nor doubled: written before the database was read', async () => {
    const [chats, others] = [chatsOn(open()), chatsOn(open())]
    const database = new Database({ one: ['a'] })
    const source = gate<Message[]>()
    const read = chats.getOrLoad('one', source.load)
    await source.called

    const appended = await others.append('one', database.add('one', 'b'))
    source.answer(database.all('one'))

    expect(appended).toBe('uncached')
    expect(contents(await read)).toEqual(['a', 'b'])
    expect(contents(await others.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
  })

  it('during a rebuild are neither lost nor doubled: written after the database was read', async () => {
    const [chats, others] = [chatsOn(open()), chatsOn(open())]
    const database = new Database({ one: ['a'] })
    const source = gate<Message[]>()
    const read = chats.getOrLoad('one', source.load)
    await source.called
    const before = database.all('one')

    await others.append('one', database.add('one', 'b'))
    source.answer(before)

    expect(contents(await read)).toEqual(['a']) // Its call overlaps the append.
    expect(contents(await others.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
  })

  it('during a rebuild of the same process are neither lost nor doubled', async () => {
    const chats = chatsOn(open())
    const database = new Database({ one: ['a'] })
    const source = gate<Message[]>()
    const read = chats.getOrLoad('one', source.load)
    await source.called
    const before = database.all('one')

    await chats.append('one', database.add('one', 'b'))
    const later = await chats.getOrLoad('one', database.load('one'))
    source.answer(before)
    await read

    expect(contents(later)).toEqual(['a', 'b'])
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
  })

  it('whose write begins before a rebuild, and ends after it, leave nothing of that in the cache', async () => {
    const [chats, others] = [chatsOn(open()), chatsOn(open())]
    const database = new Database({ one: ['a'] })
    const writing = gate<Message[]>()
    const append = chats.append('one', writing.load)
    await writing.called
    const added = database.add('one', 'b')()

    const rebuilt = await others.getOrLoad('one', database.load('one'))
    writing.answer(added)

    expect(contents(rebuilt)).toEqual(['a', 'b'])
    expect(await append).toBe('uncached')
    expect(contents(await others.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
    expect(database.loads).toBe(2)
  })

  it('that overlap void the window, because nobody can tell which was written first', async () => {
    const [chats, others] = [chatsOn(open()), chatsOn(open())]
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))
    const [first, second] = [gate<Message[]>(), gate<Message[]>()]
    const appends = [chats.append('one', first.load), others.append('one', second.load)]
    await Promise.all([first.called, second.called])
    const [b, c] = [database.add('one', 'b')(), database.add('one', 'c')()]

    second.answer(c) // The one that was written last is the first to come back.
    expect(await appends[1]).toBe('uncached')
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b', 'c'])
    first.answer(b)
    expect(await appends[0]).toBe('uncached')

    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b', 'c'])
  })

  it('after a writer who died are not made to what it has left', async () => {
    const [chats, others] = [chatsOn(open()), chatsOn(open())]
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))
    const dying = new Promise<void>((committed) => {
      void chats.append('one', () => {
        database.add('one', 'b')()
        committed()
        return new Promise<never>(() => {}) // And no more of it.
      })
    })
    await dying

    expect(await others.append('one', database.add('one', 'c'))).toBe('uncached')

    expect(contents(await others.getOrLoad('one', database.load('one')))).toEqual(['a', 'b', 'c'])
  })

  it('that meet an invalidation leave the window void', async () => {
    const [chats, others] = [chatsOn(open()), chatsOn(open())]
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))
    const writing = gate<Message[]>()
    const append = chats.append('one', writing.load)
    await writing.called

    await others.invalidate('one')
    writing.answer(database.add('one', 'b')())

    expect(await append).toBe('uncached')
    expect(await chats.get('one')).toEqual(nothing)
  })

  it('while a writer’s barrier is up leave the window void, and the barrier standing', async () => {
    const [cache, other] = [open(), open()]
    const chats = chatsOn(cache)
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))
    const writing = gate<void>()
    const mutation = other.mutate(chats.key('one'), writing.load)
    await writing.called

    expect(await chats.append('one', database.add('one', 'b'))).toBe('uncached')
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
    expect(await chats.get('one')).toEqual(nothing)

    writing.answer()
    await mutation
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
    expect(await chats.get('one')).toMatchObject({ found: true })
  })

  it('to what a settling cache holds void it: a replica may lag behind them', async () => {
    const chats = chatsOn(open({ settle: '1h' }))
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))

    expect(await chats.append('one', database.add('one', 'b'))).toBe('uncached')
    await chats.getOrLoad('one', () => [said('a')])

    expect(await chats.get('one')).toEqual(nothing)
  })

  it('fence off the fill of a load whose lease was lost', async () => {
    const [cache, other] = [open(), open()]
    const [chats, others] = [chatsOn(cache), chatsOn(other)]
    const database = new Database({ one: ['a'] })
    const source = gate<Message[]>()
    const read = chats.getOrLoad('one', source.load)
    await source.called
    const before = database.all('one')

    await other.invalidate(chats.key('one'))
    await others.getOrLoad('one', database.load('one'))
    expect(await others.append('one', database.add('one', 'b'))).toBe('updated')
    source.answer(before)
    await read

    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
    expect(cache.stats().fillsRejected).toBe(1)
  })

  it('are known to whoever reads afterwards, in any process', async () => {
    const [chats, others] = [chatsOn(open(), { limit: 50 }), chatsOn(open(), { limit: 50 })]
    const database = new Database()
    await chats.getOrLoad('one', database.load('one'))

    for (let turn = 0; turn < 20; turn++) {
      await (turn % 2 ? chats : others).append('one', database.add('one', `${turn}`))
      const reads = await Promise.all([chats, others].map((each) => each.getOrLoad('one', database.load('one'))))
      for (const read of reads) expect(read).toEqual(database.all('one'))
    }
    expect(database.loads).toBe(1)
  })
})

/** P5. */
onEveryStore('a load of a window', ({ open }) => {
  it('is one for all who miss it in all processes, and wakes those who wait', async () => {
    const caches = [open(), open(), open()]
    const source = gate<Message[]>()
    const missed = caches.map((cache) => next(cache, 'miss'))

    const reads = caches.flatMap((cache) =>
      Array.from({ length: 10 }, () => chatsOn(cache).getOrLoad('one', source.load)),
    )
    await Promise.all([source.called, ...missed])
    source.answer(['a', 'b'].map(said))

    expect(await Promise.all(reads)).toEqual(Array.from({ length: 30 }, () => ['a', 'b'].map(said)))
    expect(source.calls).toBe(1)
  })

  it('is waited for by another process, which makes no second one', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<Message[]>()
    const read = chatsOn(cache).getOrLoad('one', source.load)
    await source.called
    const missed = next(other, 'miss')
    const waited = next(other, 'wait')
    const waiting = chatsOn(other).getOrLoad('one', () => [said('a second load')])
    await missed

    source.answer([said('a')])

    expect(contents(await waiting)).toEqual(['a'])
    expect(contents(await read)).toEqual(['a'])
    expect(await waited).toMatchObject({ key: 'chat:one' })
    expect(other.stats().loads).toBe(0)
  })

  it('that fails fails as it did, and leaves no lease behind', async () => {
    const chats = chatsOn(open())
    const error = new Error('no connection')

    await expect(chats.getOrLoad('one', () => Promise.reject(error))).rejects.toBe(error)

    expect(contents(await chats.getOrLoad('one', () => [said('a')]))).toEqual(['a'])
  })

  it('has its turn among those of its cache', async () => {
    const [cache, other] = [open({ maxConcurrentLoads: 1 }), open()]
    const chats = chatsOn(cache)
    let running = 0
    let most = 0
    const load = async () => {
      most = Math.max(most, ++running)
      await other.get('-')
      running -= 1
      return []
    }

    const ids = Array.from({ length: 10 }, (_, index) => index)
    await Promise.all(ids.flatMap((id) => [chats.getOrLoad(id, load), cache.getOrLoad(`other:${id}`, load)]))

    expect(most).toBe(1)
  })
})

/** P2. */
onEveryStore('a near window', ({ open }) => {
  it.each(['copied', 'frozen'] as const)('has what this process appends at once; %s', async (values) => {
    const cache = open({ near: { values } })
    const chats = chatsOn(cache)
    const database = new Database({ one: ['a'] })
    await expect
      .poll(async () => {
        await chats.getOrLoad('one', database.load('one'))
        return cache.stats().nearHits
      })
      .toBeGreaterThan(0)

    for (const content of ['b', 'c', 'd']) {
      await chats.append('one', database.add('one', content))
      expect(await chats.getOrLoad('one', database.load('one'))).toEqual(database.all('one').slice(-3))
    }
    expect(database.loads).toBe(1)
  })
})
