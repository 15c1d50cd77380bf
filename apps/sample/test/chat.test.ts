import { randomUUID } from 'node:crypto'
import { getWindowCacheToken, type WindowCache } from '@cache-aside/nestjs/window'
import {
  type PostgresServer,
  type RedisServer,
  serverWithoutVectors,
  serverWithVectors,
  startPostgres,
  startRedis,
} from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Reply } from '../src/assistant/assistant.service.ts'
import { faq } from '../src/assistant/faq.ts'
import type { Message } from '../src/chat/message.row.ts'
import { Postgres } from '../src/database/postgres.ts'
import { RunningApp } from './running-app.ts'

interface Asking {
  readonly chat?: string
  readonly tenant?: string
}

const inRedis = 'vector sets in Redis'
const inProcess = 'in this process (its cache has no vector sets)'

// Each test has a shop of its own.
describe.each([
  { adapter: 'fastify', place: 'a Redis with vector sets', index: inRedis },
  { adapter: 'express', place: 'a Redis with vector sets', index: inRedis },
  { adapter: 'fastify', place: 'a Redis without', index: inProcess },
  { adapter: 'fastify', place: 'memory', index: inProcess },
] as const)('the chat on $adapter, cached in $place', ({ adapter, place, index }) => {
  let postgres: PostgresServer
  let redis: RedisServer | undefined
  let app: RunningApp

  beforeAll(async () => {
    postgres = await startPostgres()
    // No redis-server to be found: the cache is in memory.
    if (place === 'memory') vi.stubEnv('PATH', '')
    else redis = await startRedis(await (index === inRedis ? serverWithVectors() : serverWithoutVectors()))
    app = await RunningApp.start({ HTTP_ADAPTER: adapter, DATABASE_URL: postgres.url, REDIS_URL: redis?.url })
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await app?.nest.close()
    await Promise.all([postgres.stop(), redis?.stop()])
  })

  const newChat = async () => ((await app.post('/chats')).body as { id: string }).id
  const history = async (chat: string) => (await app.get(`/chats/${chat}/messages`)).body as Message[]
  const inTable = async (chat: string) => {
    const query = 'select role, content from message where chat = $1 order by id'
    return (await app.nest.get(Postgres).pool.query<Message>(query, [chat])).rows
  }
  const ask = async (question: string, { chat = randomUUID(), tenant = 'main-street' }: Asking = {}) => {
    const answer = await app.post(`/chats/${chat}/messages`, { question }, { 'x-tenant': tenant })
    expect(answer.status).toBe(201)
    return answer.body as Reply
  }
  const calls = async () => ((await app.get('/assistant')).body as { stats: { calls: number } }).stats.calls

  it('has a history, which is loaded once and then appended to', async () => {
    const chat = await newChat()

    expect(await history(chat)).toEqual([])
    const reply = await ask('How do I return a product?', { chat })
    const reads = await app.databaseReads(async () => {
      expect(await history(chat)).toEqual([
        { role: 'user', content: 'How do I return a product?' },
        { role: 'assistant', content: reply.text },
      ])
    })

    expect(reads).toBe(0)
    expect(await history(chat)).toEqual(await inTable(chat))
  })

  it('shows the last twenty messages, oldest first, whether they were loaded or appended', async () => {
    const chat = await newChat()
    await history(chat)
    for (let number = 1; number <= 12; number++) await ask(`What is ${number}?`, { chat })

    const appended = await history(chat)
    const all = await inTable(chat)

    await app.nest.get<WindowCache<Message>>(getWindowCacheToken('chat')).invalidate(chat)
    let loaded: Message[] = []
    const reads = await app.databaseReads(async () => (loaded = await history(chat)))

    expect(all).toHaveLength(24)
    expect(appended).toEqual(all.slice(-20))
    expect(reads).toBe(1)
    expect(loaded).toEqual(appended)
  })

  it('has the order of the table after messages that were sent at the same time', async () => {
    const chat = await newChat()
    await history(chat)

    await Promise.all(
      Array.from({ length: 8 }, async (_, number) => {
        const question = `Which is number ${number}?`
        const { text } = await ask(question, { chat })
        const said = (await history(chat)).map(({ content }) => content)
        expect(said).toContain(question)
        expect(said).toContain(text)
      }),
    )

    expect(await inTable(chat)).toHaveLength(16)
    expect(await history(chat)).toEqual(await inTable(chat))
  })

  it('answers a question that is asked in other words from the cache', async () => {
    const tenant = 'rephrased'
    for (const { questions, answer } of faq) {
      const [question, ...others] = questions
      expect(others.length).toBeGreaterThanOrEqual(2)

      expect(await ask(question, { tenant })).toMatchObject({ text: answer, hit: false, question, saved: 0 })
      const before = await calls()
      for (const other of others) {
        const reply = await ask(other, { tenant })
        expect(reply).toMatchObject({ text: answer, hit: true, question })
        expect(reply.similarity).toBeGreaterThanOrEqual(0.9)
        expect(reply.similarity).toBeLessThan(1)
      }
      expect(await ask(question, { tenant })).toMatchObject({ text: answer, hit: true, similarity: 1 })
      expect(await calls()).toBe(before)
    }
  })

  it.each([
    'Do you sell gift cards?',
    'Can I pay by invoice?',
    'How long does a refund take?',
    'What does shipping cost?',
    'How long do coffee beans keep?',
    'How hot should the water be for black tea?',
    'How should I store green tea?',
    'Which grind is right for espresso?',
    'How do I clean a French press?',
  ])('does not answer from the cache: %s', async (question) => {
    const tenant = `unrelated: ${question}`
    for (const { questions } of faq) await ask(questions[0], { tenant })

    expect(await ask(question, { tenant })).toMatchObject({ hit: false, question })
  })

  it('does not tell one shop what was answered in another', async () => {
    const [question, rephrased] = ['How do I return a product?', 'Can I return a product?']
    await ask(question, { tenant: 'north' })

    const before = await calls()
    const replies = [await ask(question, { tenant: 'south' }), await ask(rephrased, { tenant: 'east' })]

    for (const reply of replies) {
      expect(reply).toMatchObject({ hit: false, saved: 0 })
      // As if nobody had ever asked anything.
      expect(reply).not.toHaveProperty('similarity')
    }
    expect(await calls()).toBe(before + 2)
  })

  it('forgets the answers of one shop', async () => {
    const question = 'How long does shipping take?'
    for (const tenant of ['old', 'other']) await ask(question, { tenant })

    expect(await app.delete('/assistant/answers', { 'x-tenant': 'old' })).toMatchObject({ status: 204 })

    expect(await ask('How long will the shipping take?', { tenant: 'old' })).toMatchObject({ hit: false })
    expect(await ask('How long will the shipping take?', { tenant: 'other' })).toMatchObject({ hit: true })
  })

  it('calls its model once for a question that many ask at the same time', async () => {
    const before = await calls()

    const replies = await Promise.all(
      Array.from({ length: 10 }, () => ask('How should I store coffee beans?', { tenant: 'busy' })),
    )

    expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
    expect(await calls()).toBe(before + 1)
  })

  it('says where questions are compared, and what that saved', async () => {
    const { body } = await app.get('/assistant')

    expect(body).toMatchObject({ index, threshold: 0.9, stats: { savedTime: expect.any(Number) } })
  })

  const question = 'How do I return a product?'

  it.each([
    { body: {} },
    { body: [] },
    { body: { question: '' } },
    { body: { question: ' ' } },
    { body: { question: 7 } },
    { body: { question: 'a\nb' } },
    { body: { question: '\ud800' } },
    { body: { question: 'q'.repeat(501) } },
    { body: { question, role: 'assistant' } },
  ])('refuses the message $body', async ({ body }) => {
    const chat = await newChat()

    expect(await app.post(`/chats/${chat}/messages`, body)).toMatchObject({
      status: 400,
      body: { message: 'question: expected it alone, a line of 1 to 500 characters' },
    })
    expect(await inTable(chat)).toEqual([])
  })

  it('refuses ids that can be guessed, and shops that have no name', async () => {
    const refused = [
      app.post('/chats/1/messages', { question }),
      app.get('/chats/1/messages'),
      app.get('/chats/00000000-0000-1000-8000-000000000001/messages'),
      app.post(`/chats/${await newChat()}/messages`, { question }, { 'x-tenant': 't'.repeat(101) }),
      app.delete('/assistant/answers', { 'x-tenant': '' }),
    ]

    expect((await Promise.all(refused)).map(({ status }) => status)).toEqual(refused.map(() => 400))
  })
})
