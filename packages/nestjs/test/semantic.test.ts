import { gate, type RedisServer, serverWithoutVectors, serverWithVectors, startRedis } from '@cache-aside/testkit'
import { Body, Controller, Post } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { CacheAsideModule, type CacheAsideModuleOptions, InvalidOptionsError } from '../src/index.ts'
import {
  type Embedder,
  ExactIndex,
  getSemanticCacheToken,
  hashingEmbedder,
  InjectSemanticCache,
  SemanticCache,
  SemanticCacheModule,
  type SemanticCacheModuleOptions,
  type VectorIndex,
} from '../src/semantic/index.ts'
import { cacheOptions, LogRecorder, platforms, startApp } from './app.ts'

const question = 'How do I return a lamp?'
const rephrased = 'How can I return my lamp?'
const threshold = 0.9

async function start(cache: Partial<CacheAsideModuleOptions>, given: Partial<SemanticCacheModuleOptions> = {}) {
  const log = new LogRecorder()
  const module = await Test.createTestingModule({
    imports: [
      CacheAsideModule.forRoot({ isGlobal: true, ...cacheOptions(cache) }),
      SemanticCacheModule.forFeature({ name: 'answers', embedder: hashingEmbedder(), threshold, ...given }),
    ],
  })
    .setLogger(log)
    .compile()
  const app = await module.init()
  onTestFinished(() => app.close())
  return { log, answers: app.get<SemanticCache>(getSemanticCacheToken('answers')) }
}

describe.each(platforms)('semantic answers on $name', (platform) => {
  it('answer what means the same, from options of other providers', async () => {
    let calls = 0

    @Controller('questions')
    class Questions {
      readonly #answers: SemanticCache<'tenant'>

      constructor(@InjectSemanticCache('answers') answers: SemanticCache<'tenant'>) {
        this.#answers = answers
      }

      @Post()
      ask(@Body() { text, tenant }: { readonly text: string; readonly tenant: string }) {
        return this.#answers.ask(text, () => `answer ${++calls}`, { metadata: { tenant } })
      }
    }
    const app = await startApp({
      platform,
      imports: [
        SemanticCacheModule.forFeatureAsync({
          name: 'answers',
          useFactory: () => ({ embedder: hashingEmbedder(), threshold, metadata: ['tenant'] }),
        }),
      ],
      controllers: [Questions],
    })
    const ask = async (text: string, tenant: string) =>
      (await app.send('POST', '/questions', { body: { text, tenant } })).json

    expect(await ask(question, 'acme')).toMatchObject({ answer: 'answer 1', hit: false })
    expect(await ask(question, 'acme')).toMatchObject({ answer: 'answer 1', hit: true, similarity: 1 })
    expect(await ask(rephrased, 'acme')).toMatchObject({ answer: 'answer 1', hit: true, question })
    expect(await ask(question, 'other')).toMatchObject({ answer: 'answer 2', hit: false })
  })
})

describe('the log', () => {
  it('has a line when the embedder begins to fail, and one when it works again', async () => {
    const { embed } = hashingEmbedder()
    let isFailing = false
    const embedder: Embedder = {
      id: 'failing',
      embed: (text, context) => {
        if (isFailing) throw new Error('quota exceeded')
        return embed(text, context)
      },
    }
    const { answers, log } = await start({}, { embedder })
    const ask = async (count: number) => {
      for (let asked = 0; asked < count; asked++) await answers.ask(`secret ${Math.random()}`, () => 'an answer')
    }
    const lines = () => log.matching(/embedder/)

    await ask(2)
    expect(lines()).toEqual([])
    const warning = expect.stringMatching(/^warn: The embedder fails: Error: quota exceeded \(only equal questions/)
    for (const time of [1, 2]) {
      isFailing = true
      await ask(3)
      isFailing = false
      await ask(3)
      expect(lines()).toEqual(Array.from({ length: time }, () => [warning, 'log: The embedder works again']).flat())
    }
    expect(log.lines.join('\n')).not.toContain('secret')
  })
})

describe('the start', () => {
  it('waits for the index', async () => {
    const opened = gate<void>()
    const index: VectorIndex = Object.assign(new ExactIndex(), { connect: () => opened.load() })
    let isStarted = false
    const started = start({}, { index }).then(() => (isStarted = true))

    await opened.called
    expect(isStarted).toBe(false)
    opened.answer()
    await started
  })

  it('fails with what the index fails with', async () => {
    const index = Object.assign(new ExactIndex(), { connect: () => Promise.reject(new Error('no such table')) })

    await expect(start({}, { index })).rejects.toThrow('no such table')
  })
})

describe('on a server without vector sets', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(await serverWithoutVectors())
  })
  afterAll(() => server.stop())

  it('the start fails, says what the server is and what to do, and leaves no connection', async () => {
    const redis = { host: '127.0.0.1', port: server.port, connectionName: 'opened' }

    const error: unknown = await start({ redis }).catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(InvalidOptionsError)
    expect(String(error)).toMatch(/option "SemanticCache\(answers\)\.index": expected .*VADD.*which has none/)
    const isClosed = async () => expect(String(await server.cli('CLIENT', 'LIST'))).not.toContain('opened')
    await vi.waitFor(isClosed, { timeout: 15_000 })
  })

  it('an index in the process will do', async () => {
    const { answers } = await start({ redis: server.url }, { index: new ExactIndex() })
    await answers.ask(question, () => 'by post')

    expect(await answers.ask(rephrased, () => 'no')).toMatchObject({ answer: 'by post', hit: true })
  })
})

describe('where Redis is away', () => {
  /** Nothing listens here. */
  const redis = 'redis://127.0.0.1:1'

  it('the start goes on if it may, and questions are answered by their loaders', async () => {
    const { answers } = await start({ redis, startWithoutRedis: true })

    expect(await answers.ask(question, () => 'by post')).toMatchObject({ answer: 'by post', hit: false })
  })

  it('the start fails else, with an error that names the option', async () => {
    await expect(start({ redis })).rejects.toThrow(/option "redis".*127\.0\.0\.1:1/)
  })
})

describe('on Redis 8', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(await serverWithVectors())
  })
  afterAll(() => server.stop())

  it('an application finds what another has loaded', async () => {
    const { namespace } = cacheOptions()
    const one = await start({ namespace, redis: server.url })
    const other = await start({ namespace, redis: server.url })
    await one.answers.ask(question, () => 'by post')

    const found = await other.answers.ask(rephrased, () => 'no')

    expect(found).toMatchObject({ answer: 'by post', hit: true, question })
  })
})
