import { describe, expect, it } from 'vitest'
import { CacheAside, InvalidKeyError, InvalidOptionsError, MemoryStore } from '../../src/index.ts'
import { ExactIndex, SemanticCache } from '../../src/semantic/index.ts'
import { angles } from './angles.ts'

const cache = new CacheAside({ namespace: 'test', store: new MemoryStore(), ttl: '5m' })
const right = { cache, name: 'answers', embedder: angles(), metadata: ['tenant'] } as const
const asked = { metadata: { tenant: 'acme' } }
const load = () => 'answer'

const problemsOf = (make: () => unknown): readonly string[] => {
  try {
    make()
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems.map(({ option }) => option)
    throw error
  }
  return []
}

describe('options of a semantic cache', () => {
  it.each<[string, object]>([
    ['cache', { cache: {} }],
    ['name', { name: 'an:swers' }],
    ['name', { name: '' }],
    ['embedder', { embedder: { id: 'e' } }],
    ['embedder', { embedder: { id: '', embed: load } }],
    ['embedder', { embedder: { id: 'e'.repeat(129), embed: load } }],
    ['embedder', { embedder: { id: 'e', dimensions: 0, embed: load } }],
    ['index', { index: {} }],
    ['index', { index: 'redis' }],
    ['threshold', { threshold: 0, nearMiss: 0 }],
    ['threshold', { threshold: 1.01 }],
    ['threshold', { threshold: '0.9' }],
    ['nearMiss', { nearMiss: -0.1 }],
    ['nearMiss', { threshold: 0.5, nearMiss: 0.6 }],
    ['metadata', { metadata: 'tenant' }],
    ['metadata', { metadata: ['tenant', 'tenant'] }],
    ['metadata', { metadata: ['ten ant'] }],
    ['metadata', { metadata: ['a', 'b', 'c', 'd', 'e', 'f'] }],
    ['maxEntries', { maxEntries: 1 }],
    ['maxEntries', { maxEntries: 1_000_001 }],
    ['maxEntries', { maxEntries: 5, index: new ExactIndex() }],
    ['embedTimeout', { embedTimeout: 0 }],
    ['ttl', { ttl: 'soon' }],
    ['jitter', { jitter: 2 }],
    ['leaseTtl', { leaseTtl: 0 }],
    ['loadTimeout', { loadTimeout: 'never' }],
    ['retry.when', { retry: {} }],
    ['failSafe', { failSafe: '1h' }],
    ['staleWhileRevalidate', { staleWhileRevalidate: '1h' }],
  ])('refuses a wrong %s', (option, wrong) => {
    expect(problemsOf(() => new SemanticCache({ ...right, ...wrong } as never))).toEqual([option])
  })

  it('names every problem at once', () => {
    const wrong = { cache, name: '', embedder: angles(), threshold: 2, nearMiss: 0, ttl: 0 }
    expect(problemsOf(() => new SemanticCache(wrong))).toEqual(['name', 'threshold', 'ttl'])
    expect(problemsOf(() => new SemanticCache(undefined as never))).toEqual(['options'])
  })

  it('takes what is right', () => {
    const index = new ExactIndex({ maxEntries: 5 })
    expect(
      () => new SemanticCache({ ...right, index, threshold: 1, nearMiss: 0, jitter: 0, retry: false }),
    ).not.toThrow()
  })
})

describe('options of a question', () => {
  const answers = new SemanticCache(right)

  it.each<[string, string, unknown]>([
    ['question', '', asked],
    ['question', ' \n', asked],
    ['question', 5 as never, asked],
    ['metadata.tenant', 'lamp', {}],
    ['metadata.tenant', 'lamp', undefined],
    ['metadata.tenant', 'lamp', { metadata: { tenant: 5 } }],
    ['metadata.tenant', 'lamp', { metadata: { tenant: '\uD800' } }],
    ['metadata.model', 'lamp', { metadata: { tenant: 'acme', model: 'large' } }],
    ['metadata', 'lamp', { metadata: 'acme' }],
    ['metadata', 'lamp', { metadata: ['acme'] }],
    ['tags', 'lamp', { ...asked, tags: 'policy' }],
    ['tags', 'lamp', { ...asked, tags: Array.from({ length: 33 }, (_, at) => `${at}`) }],
    ['ttl', 'lamp', { ...asked, ttl: -1 }],
    ['options', 'lamp', null],
    ['threshold', 'lamp', { ...asked, threshold: 0.5 }],
  ])('refuses a wrong %s', async (option, question, options) => {
    let calls = 0
    const ask = answers.ask(question, () => (calls += 1), options as never)
    await expect(ask).rejects.toMatchObject({ problems: [{ option }] })
    expect(calls).toBe(0)
  })

  it('refuses a tag that could be no tag', async () => {
    for (const tag of ['', 'a\nb', 5 as never])
      await expect(answers.ask('lamp', load, { ...asked, tags: [tag] })).rejects.toThrow(InvalidKeyError)
  })

  it('takes as many tags as it says', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'] as const
    const all = new SemanticCache({ ...right, name: 'all', metadata: names })
    const metadata = { a: '1', b: '2', c: '3', d: '4', e: '5' }
    const tags = Array.from({ length: 32 }, (_, at) => `${at}`)
    expect(await all.ask('lamp', load, { metadata, tags })).toMatchObject({ hit: false })
    expect(await all.ask('lamp', load, { metadata, tags })).toMatchObject({ hit: true })

    // Every filter that it passes voids it, and no other does.
    for (let chosen = 1; chosen < 2 ** names.length; chosen++) {
      const part = names.filter((_, at) => chosen & (1 << at)).map((name) => [name, metadata[name]])
      await all.invalidateWhere({ ...Object.fromEntries(part), [part[0]?.[0] ?? 'a']: 'other' })
      expect(await all.ask('lamp', load, { metadata, tags })).toMatchObject({ hit: true })
      await all.invalidateWhere(Object.fromEntries(part))
      expect(await all.ask('lamp', load, { metadata, tags })).toMatchObject({ hit: false })
    }
  })
})
