import { type RedisServer, serverWithoutVectors, serverWithVectors, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CacheAside, ConnectionError, InvalidOptionsError, MemoryStore } from '../../src/index.ts'
import { ExactIndex, redisVectors, SemanticCache } from '../../src/semantic/index.ts'
import { angles } from './angles.ts'
import { heard } from './on-every-index.ts'

const fail = () => {
  throw new Error('called for an answer')
}

describe('while Redis is away', () => {
  it('questions are answered by their loaders, and by the cache again when it is back', {
    timeout: 60_000,
  }, async () => {
    await using server = await startRedis(await serverWithVectors())
    const cache = new CacheAside({ namespace: 'test', redis: server.url, commandTimeout: '5s' })
    const answers = new SemanticCache({ cache, name: 'answers', embedder: angles() })
    const errors = heard(answers, 'index-error')
    await answers.connect()
    await answers.ask('lamp', () => 'cached')
    expect(await answers.ask('lamp @5', fail)).toMatchObject({ hit: true })

    await server.kill()
    for (const question of ['lamp', 'lamp @5', 'chair @90'])
      expect(await answers.ask(question, () => 'called')).toMatchObject({ answer: 'called', hit: false })
    expect(errors.map(({ operation }) => operation)).toEqual(['search', 'add', 'search', 'add', 'search', 'add'])
    await expect(answers.connect()).rejects.toThrow(ConnectionError)
    await expect(answers.invalidateTag('policy')).rejects.toMatchObject({ code: 'STORE' })

    const recovered = new Promise((resolve) => cache.events.on('recovered', resolve))
    await server.start()
    await recovered
    await answers.ask('table @45', () => 'cached again')
    expect(await answers.ask('table @46', fail)).toMatchObject({ answer: 'cached again', hit: true })
    await cache.close()
  })

  it('an index in the process keeps what it points to', { timeout: 60_000 }, async () => {
    // What is written is there again after a restart.
    await using server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    const cache = new CacheAside({ namespace: 'test', redis: server.url, commandTimeout: '10s' })
    const answers = new SemanticCache({ cache, name: 'answers', embedder: angles(), index: new ExactIndex() })
    await answers.ask('lamp', () => 'cached')

    await server.kill()
    expect(await answers.ask('lamp @5', () => 'called')).toMatchObject({ answer: 'called', hit: false })
    const recovered = new Promise((resolve) => cache.events.on('recovered', resolve))
    await server.start()
    await recovered

    expect(await answers.ask('lamp @5', fail)).toMatchObject({ answer: 'cached', hit: true })
    expect(answers.stats().dropped).toBe(0)
    await cache.close()
  })

  it('in the middle of a question: it is answered all the same', { timeout: 60_000 }, async () => {
    await using server = await startRedis(await serverWithVectors())
    const cache = new CacheAside({
      namespace: 'test',
      redis: { host: '127.0.0.1', port: server.port },
      commandTimeout: 100,
    })
    const answers = new SemanticCache({ cache, name: 'answers', embedder: angles() })
    await answers.ask('lamp', () => 'cached')

    const frozen = await answers.ask('chair @90', () => {
      server.pause()
      return 'called'
    })
    expect(frozen).toMatchObject({ answer: 'called', hit: false })
    expect(await answers.ask('lamp', () => 'called')).toMatchObject({ answer: 'called', hit: false })
    server.resume()
    await cache.close()
  })
}, 180_000) // A server may have to be fetched.

describe('a server without vector sets', () => {
  let server: RedisServer
  let cache: CacheAside

  beforeAll(async () => {
    server = await startRedis(await serverWithoutVectors())
    cache = new CacheAside({ namespace: 'test', redis: server.client(), commandTimeout: '10s' })
  })
  afterAll(async () => {
    await cache.close()
    await server.stop()
  })

  it('is refused by name, when connecting and when asked', async () => {
    const refused = {
      problems: [
        {
          option: 'index',
          expected: 'a cache on Redis 8 with vector sets (VADD), or index: new ExactIndex()',
          got: expect.stringContaining(`${server.version}, which has none`),
        },
      ],
    }
    for (const index of [undefined, redisVectors()]) {
      const answers = new SemanticCache({ cache, name: 'answers', embedder: angles(), ...(index ? { index } : {}) })
      await expect(answers.connect()).rejects.toMatchObject(refused)
      await expect(answers.ask('lamp', () => 'called')).rejects.toMatchObject(refused)
    }
  })

  it('in the place of one that had them is no reason to fail: questions are answered by their loaders', {
    timeout: 60_000,
  }, async () => {
    await using old = await startRedis(await serverWithVectors())
    const shop = new CacheAside({ namespace: 'test', redis: old.url, commandTimeout: '5s' })
    const answers = new SemanticCache({ cache: shop, name: 'answers', embedder: angles() })
    const errors = heard(answers, 'index-error')
    await answers.ask('lamp', () => 'cached')

    await old.kill()
    await shop.get('lamp')
    const recovered = new Promise((resolve) => shop.events.on('recovered', resolve))
    await using _ = await startRedis({ ...(await serverWithoutVectors()), port: old.port })
    await recovered

    expect(await answers.ask('lamp @5', () => 'called')).toMatchObject({ answer: 'called', hit: false })
    expect(errors.map(({ operation }) => operation)).toEqual(['search', 'add'])
    await shop.close()
  })

  it('has semantic answers all the same, with an index in process', async () => {
    const answers = new SemanticCache({ cache, name: 'answers', embedder: angles(), index: new ExactIndex() })
    await answers.connect()
    await answers.ask('lamp', () => 'cached')

    expect(await answers.ask('lamp @5', fail)).toMatchObject({ answer: 'cached', hit: true })
  })

  it('is not what a server that is away is taken for', async () => {
    const away = new CacheAside({ namespace: 'test', redis: { host: '127.0.0.1', port: 1 }, commandTimeout: 100 })
    const answers = new SemanticCache({ cache: away, name: 'answers', embedder: angles() })

    await expect(answers.connect()).rejects.toThrow(ConnectionError)
    expect(await answers.ask('lamp', () => 'called')).toMatchObject({ answer: 'called' })
    await away.close()
  })
})

describe('a cache in memory', () => {
  it('has an index in process, and cannot have one in Redis', async () => {
    const cache = new CacheAside({ namespace: 'test', store: new MemoryStore() })
    const answers = new SemanticCache({ cache, name: 'answers', embedder: angles() })
    await answers.connect()
    await answers.ask('lamp', () => 'cached')
    expect(await answers.ask('lamp @5', fail)).toMatchObject({ hit: true })

    const inRedis = () => new SemanticCache({ cache, name: 'answers', embedder: angles(), index: redisVectors() })
    expect(inRedis).toThrow(InvalidOptionsError)
    expect(inRedis).toThrow(
      /option "index": expected a cache on Redis 8 .*, got a cache whose store is not a RedisStore/,
    )
  })
})
