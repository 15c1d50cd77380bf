import { describe, expect, it } from 'vitest'
import { CacheAside, InvalidOptionsError, MemoryStore, type OptionProblem } from '../../src/index.ts'
import { resolveWindow } from '../../src/window/options.ts'
import { WindowCache, type WindowCacheOptions } from '../../src/window/index.ts'

const cache = new CacheAside({ namespace: 'shop', store: new MemoryStore(), ttl: '5m', jitter: 0.3, failSafe: '1h' })
const right: WindowCacheOptions<string> = { cache, name: 'chat' }

function problemsOf(options: object): readonly OptionProblem[] {
  try {
    resolveWindow({ ...right, ...options })
    return []
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems
    throw error
  }
}

describe('resolveWindow', () => {
  it('keeps 20 items for 24 hours, and takes the rest from its cache', () => {
    const { limit, settings } = resolveWindow(right)

    expect(limit).toEqual({ most: 20, budget: undefined })
    expect(settings).toMatchObject({ ttl: 86_400_000, jitter: 0.3, leaseTtl: 3_000, failSafe: 0, earlyRefresh: 0 })
  })

  it('takes what is given instead', () => {
    const of = (item: string) => item.length
    const { limit, settings } = resolveWindow({ ...right, limit: { tokens: 4_000, of }, ttl: '1h', jitter: 0 })

    expect(limit).toEqual({ most: 10_000, budget: { tokens: 4_000, of } })
    expect(settings).toMatchObject({ ttl: 3_600_000, jitter: 0 })
  })

  it.each<[string, object, string]>([
    ['name', { name: '' }, '""'],
    ['name', { name: 'a:b' }, '"a:b"'],
    ['name', { name: undefined }, 'undefined'],
    ['cache', { cache: undefined }, 'undefined'],
    ['cache', { cache: {} }, 'an object'],
    ['cache', { cache: cache.child('acme') }, 'an object'],
    ['limit', { limit: 0 }, '0'],
    ['limit', { limit: -1 }, '-1'],
    ['limit', { limit: 1.5 }, '1.5'],
    ['limit', { limit: 10_001 }, '10001'],
    ['limit', { limit: '20' }, '"20"'],
    ['limit', { limit: null }, 'null'],
    ['limit.tokens', { limit: { tokens: 0, of: () => 1 } }, '0'],
    ['limit.tokens', { limit: { of: () => 1 } }, 'undefined'],
    ['limit.tokens', { limit: { tokens: 2 ** 60, of: () => 1 } }, `${2 ** 60}`],
    ['limit.of', { limit: { tokens: 5 } }, 'undefined'],
    ['limit.of', { limit: { tokens: 5, of: 'length' } }, '"length"'],
    ['limit.most', { limit: { tokens: 5, of: () => 1, most: 3 } }, 'an unknown option'],
    ['ttl', { ttl: 0 }, '0'],
    ['jitter', { jitter: 2 }, '2'],
    ['leaseTtl', { leaseTtl: 'soon' }, '"soon"'],
    ['loadTimeout', { loadTimeout: -1 }, '-1'],
    ['retry.when', { retry: {} }, 'undefined'],
    ['negativeTtl', { negativeTtl: '5s' }, 'an unknown option'],
    ['failSafe', { failSafe: '5s' }, 'an unknown option'],
  ])('refuses %s: %o', (option, options, got) => {
    expect(problemsOf(options)).toMatchObject([{ option, got }])
  })

  it('names every problem', () => {
    const problems = problemsOf({ cache: 5, name: 5, limit: { tokens: 'x' }, ttl: 'x', size: 5 })

    expect(problems.map(({ option }) => option).toSorted()).toEqual(
      ['cache', 'limit.of', 'limit.tokens', 'name', 'size', 'ttl'].toSorted(),
    )
  })

  it.each([undefined, null, 'chat'])('refuses %s', (options) => {
    expect(() => new WindowCache(options as never)).toThrow(InvalidOptionsError)
  })
})
