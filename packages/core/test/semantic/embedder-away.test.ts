import { gate } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { CacheAside, MemoryStore } from '../../src/index.ts'
import {
  EmbedderError,
  ExactIndex,
  type Pointer,
  SemanticCache,
  type SemanticCacheOptions,
} from '../../src/semantic/index.ts'
import { ManualClock } from '../manual-clock.ts'
import { type Angles, angles } from './angles.ts'
import { heard, next } from './on-every-index.ts'

const fail = () => {
  throw new Error('called for an answer')
}

function open(options: Partial<SemanticCacheOptions> = {}): {
  readonly answers: SemanticCache
  readonly embedder: Angles
  readonly clock: ManualClock
} {
  const clock = new ManualClock()
  const cache = new CacheAside({ namespace: 'test', store: new MemoryStore() }, clock)
  const embedder = angles()
  return { answers: new SemanticCache({ cache, name: 'answers', embedder, ...options }), embedder, clock }
}

describe('an embedder that fails', () => {
  it('leaves the question to its loader, and the next one too', async () => {
    const { answers, embedder } = open()
    const errors = heard(answers, 'embed-error')
    const error = new Error('out of memory')
    embedder.instead = () => Promise.reject(error)

    expect(await answers.ask('lamp', () => 'called')).toMatchObject({ answer: 'called', hit: false })
    expect(await answers.ask('lamp', fail)).toMatchObject({ answer: 'called', hit: true, similarity: 1 })
    expect(errors).toEqual([{ type: 'embed-error', error }])

    embedder.instead = undefined
    expect(await answers.ask('lamp @5', () => 'not found by others')).toMatchObject({ hit: false })
    expect(await answers.ask('lamp @6', fail)).toMatchObject({ answer: 'not found by others', hit: true })
    expect(answers.stats()).toMatchObject({ embeds: 2, embedErrors: 1 })
  })

  it('by throwing does no more harm', async () => {
    const { answers, embedder } = open()
    embedder.instead = () => {
      throw new Error('at once')
    }

    expect(await answers.ask('lamp', () => 'called')).toMatchObject({ answer: 'called' })
    expect(answers.stats()).toMatchObject({ embedErrors: 1, calls: 1 })
  })

  it('by taking too long is waited for until its time is over, and told so', async () => {
    const { answers, embedder, clock } = open({ embedTimeout: '1s' })
    const server = gate<number[]>()
    let signal: AbortSignal | undefined
    embedder.instead = (_, context) => {
      signal = context.signal
      return server.load()
    }
    const asked = [answers.ask('lamp', () => 'called'), answers.ask('lamp', () => 'called')]
    const error = next(answers, 'embed-error')
    await server.called
    clock.pass(999)
    expect(signal?.aborted).toBe(false)
    clock.pass(1)

    expect((await Promise.all(asked)).map(({ answer }) => answer)).toEqual(['called', 'called'])
    expect((await error).error).toMatchObject({
      code: 'EMBEDDER',
      failure: 'timeout',
      message: 'embed: no vector from "angles" after 1000 ms',
    })
    expect(signal?.aborted).toBe(true)
    expect(server.calls).toBe(1)
    expect(answers.stats()).toMatchObject({ calls: 1, embeds: 0 })

    server.answer([1, 0, 0]) // Too late: nothing is made of it.
    expect(await answers.ask('lamp', fail)).toMatchObject({ hit: true })
    expect(answers.stats()).toMatchObject({ embeds: 0 })
  })
})

describe('a vector that cannot be compared', () => {
  it.each([
    ['of other dimensions than it says', { ...angles(), dimensions: 4 }, '"angles" gave 3 dimensions instead of 4'],
    ['without a direction', { id: 'zeros', embed: () => [0, 0, 0] }, '"zeros" gave a vector without a direction'],
    ['too long to measure', { id: 'e', embed: () => [1e300, 1e300] }, '"e" gave a vector without a direction'],
    ['of what is no number', { id: 'e', embed: () => [1, Number.NaN] }, '"e" gave a vector with what is no number'],
    ['of text', { id: 'e', embed: () => ['1', '0'] as never }, '"e" gave a vector with what is no number'],
    ['of nothing', { id: 'e', embed: () => [] }, '"e" gave no vector'],
    ['that is none', { id: 'e', embed: () => undefined as never }, '"e" gave no vector'],
  ])('%s is an error that says so, and leaves the question to its loader', async (_, embedder, message) => {
    const { answers } = open({ embedder })
    const errors = heard(answers, 'embed-error')

    expect(await answers.ask('lamp', () => 'called')).toMatchObject({ answer: 'called', hit: false })
    expect(errors).toEqual([{ type: 'embed-error', error: expect.any(EmbedderError) as EmbedderError }])
    expect(errors[0]?.error).toMatchObject({ code: 'EMBEDDER', failure: 'vector', message: `embed: ${message}` })
  })

  it('of other dimensions than the first is an error too', async () => {
    const vectors = [
      [1, 0, 0],
      [1, 0],
      [1, 0.01, 0],
    ]
    const index = new ExactIndex()
    const { answers } = open({ embedder: { id: 'e', embed: () => vectors.shift() ?? [] }, index })
    const errors = heard(answers, 'embed-error')

    await answers.ask('lamp', () => 'first')
    await answers.ask('lamps', () => 'called')
    expect(errors.map(({ error }) => (error as Error).message)).toEqual(['embed: "e" gave 2 dimensions instead of 3'])
    expect(await answers.ask('a lamp', fail)).toMatchObject({ answer: 'first', hit: true })
    expect(index.size).toBe(1)
  })
})

describe('an index', () => {
  it('is told of a question once, by whoever has called for its answer, and for how long', async () => {
    const added: Pointer[] = []
    const index = {
      search: () => Promise.resolve([]),
      add: (pointer: Pointer) => Promise.resolve(void added.push(pointer)),
      remove: () => Promise.resolve(),
    }
    const { answers } = open({ index, ttl: '1h' })
    const model = gate<string>()
    const asked = [answers.ask('lamp', model.load), answers.ask('lamp', model.load)]
    await model.called
    model.answer('once')
    const [{ id } = { id: '' }] = await Promise.all(asked)
    await answers.ask('chair', () => 'for less', { ttl: '5m' })
    await answers.ask('table', ({ setTtl }) => {
      setTtl('10s')
      return 'for a moment'
    })

    expect(added.map(({ ttl }) => ttl)).toEqual([3_600_000, 300_000, 10_000])
    expect(added[0]).toMatchObject({ id, scope: id.slice(0, 32), vector: Float32Array.of(1, 0, 0) })
  })
})

describe('an index that never answers', () => {
  it('is not waited for longer than an embedding', async () => {
    const never = () => new Promise<never>(() => {})
    const cache = new CacheAside({ namespace: 'test', store: new MemoryStore() })
    const index = { search: never, add: never, remove: never }
    const answers = new SemanticCache({ cache, name: 'answers', embedder: angles(), index, embedTimeout: 50 })
    const errors = heard(answers, 'index-error')

    expect(await answers.ask('lamp', () => 'called')).toMatchObject({ answer: 'called', hit: false })
    expect(errors.map(({ operation, error }) => [operation, String(error)])).toEqual([
      ['search', 'Error: no answer from the index within 50 ms'],
      ['add', 'Error: no answer from the index within 50 ms'],
    ])
  })

  it('or whose similarities are no numbers, finds nothing', async () => {
    const index = new ExactIndex()
    const lying = {
      add: index.add.bind(index),
      remove: index.remove.bind(index),
      search: async (...asked: Parameters<typeof index.search>) =>
        (await index.search(...asked)).map((neighbour) => ({ ...neighbour, similarity: Number.NaN })),
    }
    const { answers } = open({ index: lying })
    await answers.ask('lamp', () => 'cached')

    expect(await answers.ask('lamp @5', () => 'called')).toMatchObject({ answer: 'called', hit: false })
  })
})

describe('an index that fails', () => {
  it('leaves the question to its loader', async () => {
    const error = new Error('no index today')
    const index = {
      search: () => Promise.reject(error),
      add: () => {
        throw error
      },
      remove: () => Promise.resolve(),
    }
    const { answers } = open({ index })
    const errors = heard(answers, 'index-error')

    expect(await answers.ask('lamp', () => 'called')).toMatchObject({ answer: 'called', hit: false })
    expect(errors).toEqual([
      { type: 'index-error', operation: 'search', error },
      { type: 'index-error', operation: 'add', error },
    ])
  })

  it('to tell tenants apart makes no difference: what is of another is not looked at', async () => {
    const exact = new ExactIndex()
    const index = {
      search: (query: Parameters<ExactIndex['search']>[0], count: number) =>
        exact.search({ ...query, scope: 'all' }, count),
      add: (pointer: Parameters<ExactIndex['add']>[0]) => exact.add({ ...pointer, scope: 'all' }),
      remove: (id: string) => exact.remove(id),
    }
    const cache = new CacheAside({ namespace: 'test', store: new MemoryStore() })
    const embedder = angles()
    const answers = new SemanticCache({ cache, name: 'answers', embedder, index, metadata: ['tenant'] })
    await answers.ask('lamp', () => 'for acme', { metadata: { tenant: 'acme' } })

    const other = await answers.ask('lamp @1', () => 'for evil', { metadata: { tenant: 'evil' } })
    expect(other).toMatchObject({ answer: 'for evil', hit: false, similarity: undefined })
    expect(exact.size).toBe(2)
  })
})
