import { type FaultProxy, gate, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CacheAside, type CacheOptions, StoreError } from '../../src/index.ts'
import { chatsOn, contents, Database, type Message, said } from './opened.ts'

/** design §1, P6 and P7. */
describe('Redis away', () => {
  let redis: RedisServer
  let proxy: FaultProxy
  let opened: CacheAside[]

  beforeEach(async () => {
    redis = await startRedis()
    proxy = await startFaultProxy({ port: redis.port })
    opened = []
  })
  afterEach(async () => {
    await Promise.all(opened.map((cache) => cache.close()))
    proxy.close()
    await redis.stop()
  })

  const open = (options: Partial<CacheOptions> = {}) => {
    const cache = new CacheAside({
      namespace: 'away',
      redis: redis.url,
      commandTimeout: '5s',
      ...options,
    })
    opened.push(cache)
    return cache
  }
  /** A client that sends again what it has no answer to, when its connection was lost. */
  const openPatient = () =>
    open({
      redis: redis.client({ host: '127.0.0.1', port: proxy.port, maxRetriesPerRequest: null }),
      commandTimeout: '15s',
    })

  it('is answered by the loader, and nothing is written that the cache cannot be told of', async () => {
    const chats = chatsOn(open({ commandTimeout: '200ms' }))
    const database = new Database({ one: ['a', 'b', 'c', 'd'] })
    await chats.getOrLoad('one', database.load('one'))
    await redis.kill()

    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['b', 'c', 'd'])
    expect(await chats.get('one')).toEqual({ found: false, value: undefined })
    const append = chats.append('one', database.add('one', 'e'))
    await expect(append).rejects.toBeInstanceOf(StoreError)
    await expect(append).rejects.toMatchObject({
      operation: 'append',
      keys: ['chat:one'],
      message: expect.stringContaining('the write was not made, safe to repeat'),
    })
    expect(contents(database.all('one'))).toEqual(['a', 'b', 'c', 'd'])
  })

  it('during a write is told, with what holds then', async () => {
    const chats = chatsOn(open({ commandTimeout: '200ms' }))
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))

    const append = chats.append('one', async () => {
      await redis.kill()
      return database.add('one', 'b')()
    })

    await expect(append).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining('the write is made'),
    })
  })

  it('with a journal is written, and the window is void in this process until Redis has been told', async () => {
    const cache = open({ commandTimeout: '200ms', onUnreachable: 'journal' })
    const [chats, others] = [chatsOn(cache), chatsOn(open())]
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))
    proxy.close() // Not in the way of this one.
    await redis.kill()

    expect(await chats.append('one', database.add('one', 'b'))).toBe('pending')
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])

    const replayed = new Promise((resolve) => cache.events.on('invalidate-replayed', resolve))
    await redis.start()
    const trying = new AbortController()
    const reads = (async () => {
      while (!trying.signal.aborted) {
        await chats.getOrLoad('one', database.load('one'))
        await redis.cli('PING')
      }
    })()
    await replayed
    trying.abort()
    await reads
    expect(contents(await others.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
  })

  it('in the middle of an append, a client that sends it again does not append it twice', async () => {
    const chats = chatsOn(openPatient(), { limit: 10 })
    const others = chatsOn(open(), { limit: 10 })
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))
    await chats.append('one', database.add('one', 'b')) // The server knows the script.

    const append = chats.append('one', () => {
      proxy.blackHole('toClient') // The command arrives; its reply does not.
      return database.add('one', 'c')()
    })
    while ((await others.get('one')).value?.length !== 3) await redis.cli('PING')
    proxy.cut()
    proxy.heal()

    expect(await append).toBe('updated')
    expect(await others.get('one')).toEqual({ found: true, value: ['a', 'b', 'c'].map(said) })
    expect(database.loads).toBe(1)
  })

  it('in the middle of an append, a client that sends it again after another one voids the window', async () => {
    const chats = chatsOn(openPatient(), { limit: 10 })
    const others = chatsOn(open(), { limit: 10 })
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))
    await chats.append('one', database.add('one', 'b'))

    const append = chats.append('one', () => {
      proxy.blackHole('toClient')
      return database.add('one', 'c')()
    })
    while ((await others.get('one')).value?.length !== 3) await redis.cli('PING')
    expect(await others.append('one', database.add('one', 'd'))).toBe('updated')
    proxy.cut()
    proxy.heal()

    expect(await append).toBe('uncached')
    expect(contents(await others.getOrLoad('one', database.load('one')))).toEqual(['a', 'b', 'c', 'd'])
  })

  it('in the middle of a fill, a client that sends it again does not bring an old window back', async () => {
    const chats = chatsOn(openPatient())
    const others = chatsOn(open())
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('warm', database.load('warm'))
    const source = gate<Message[]>()
    const read = chats.getOrLoad('one', source.load)
    await source.called

    proxy.blackHole('toClient') // The fill arrives; its reply does not.
    source.answer(database.all('one'))
    while (!(await others.get('one')).found) await redis.cli('PING')
    expect(await others.append('one', database.add('one', 'b'))).toBe('updated')
    proxy.cut()
    proxy.heal()
    await read

    expect(await others.get('one')).toEqual({ found: true, value: ['a', 'b'].map(said) })
  })

  it('restarted empty during a load rejects its fill', async () => {
    const cache = open()
    const chats = chatsOn(cache)
    const database = new Database({ one: ['a'] })
    const source = gate<Message[]>()
    const read = chats.getOrLoad('one', source.load)
    await source.called
    const before = database.all('one')

    await redis.kill()
    await redis.start()
    database.add('one', 'b')()
    source.answer(before)
    await read

    expect(contents(await chatsOn(open()).getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])
  })
})
