import { describe, expect, it } from 'vitest'
import { InvalidKeyError, InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { defaultSettings, type ReadOptions, resolveCall, type Settings } from './settings.ts'
import { resolveClear, resolveInvalidation, resolveMutation } from './write-options.ts'

/** One more than an entry may have. */
const tooMany = Array.from({ length: 65 }, (_, index) => `t${index}`)

describe('the options of a call', () => {
  const settings: Settings = { ...defaultSettings, ttl: 3_600_000, leaseTtl: 1_000 }

  it('are those of the cache where there are none', () => {
    expect(resolveCall(undefined, settings)).toBe(settings)
    expect(resolveCall({}, settings)).toEqual(settings)
  })

  it('stand above those of the cache, which stand above the defaults', () => {
    expect(resolveCall({ ttl: '1m', jitter: 0.5 }, settings)).toEqual({ ...settings, ttl: 60_000, jitter: 0.5 })
  })

  it('change nothing for the next call', () => {
    resolveCall({ ttl: '1m' }, settings)

    expect(settings.ttl).toBe(3_600_000)
  })

  it('are refused all at once', () => {
    const options = { ttl: 'soon', jitter: 2, leaseTtl: 0, namespace: 'shop' } as ReadOptions

    expect(problemsOf(() => resolveCall(options, settings))).toEqual([
      {
        option: 'namespace',
        expected: expect.stringMatching(/^one of ttl, negativeTtl, .*, retry, tags, near, codec$/) as string,
        got: 'an unknown option',
      },
      { option: 'ttl', expected: expect.stringContaining("'5m'") as string, got: '"soon"' },
      { option: 'leaseTtl', expected: expect.stringContaining("'5m'") as string, got: '0' },
      { option: 'jitter', expected: 'a number from 0 to 1, such as 0.1', got: '2' },
    ])
  })
})

describe('the settings', () => {
  it.each<[ReadOptions, Partial<Settings>]>([
    [{ staleWhileRevalidate: '30s' }, { staleWhileRevalidate: 30_000 }],
    [{ staleWhileRevalidate: 0 }, { staleWhileRevalidate: 0 }],
    [{ failSafe: '1h' }, { failSafe: 3_600_000 }],
    [{ softTimeout: 200 }, { softTimeout: 200 }],
    [{ retryAfter: '1m' }, { retryAfter: 60_000 }],
    [{ earlyRefresh: 0 }, { earlyRefresh: 0 }],
    [{ earlyRefreshAt: 0.8 }, { earlyRefreshAt: 0.8 }],
    [{ tags: ['a', 'category:9', 'a'] }, { tags: { declared: ['a', 'category:9'], of: undefined } }],
    [{ tags: [] }, { tags: { declared: [], of: undefined } }],
    [{ retry: false }, { retry: undefined }],
    [{ retry: { when: Boolean } }, { retry: { when: Boolean, attempts: 2, delay: 50 } }],
    [{ retry: { when: Boolean, attempts: 5, delay: '1s' } }, { retry: { when: Boolean, attempts: 5, delay: 1_000 } }],
  ])('take %o', (options, changed) => {
    expect(resolveCall(options, defaultSettings)).toEqual({ ...defaultSettings, ...changed })
  })

  it.each<[string, object, string]>([
    ['staleWhileRevalidate', { staleWhileRevalidate: -1 }, '-1'],
    ['failSafe', { failSafe: true }, 'true'],
    ['softTimeout', { softTimeout: 'soon' }, '"soon"'],
    ['retryAfter', { retryAfter: 0 }, '0'],
    ['earlyRefresh', { earlyRefresh: -1 }, '-1'],
    ['earlyRefresh', { earlyRefresh: Infinity }, 'Infinity'],
    ['earlyRefresh', { earlyRefresh: '1' }, '"1"'],
    ['earlyRefreshAt', { earlyRefreshAt: 0 }, '0'],
    ['earlyRefreshAt', { earlyRefreshAt: 1.1 }, '1.1'],
    ['retry.when', { retry: {} }, 'undefined'],
    ['retry.when', { retry: null }, 'undefined'],
    ['retry.attempts', { retry: { when: Boolean, attempts: 0 } }, '0'],
    ['retry.attempts', { retry: { when: Boolean, attempts: 11 } }, '11'],
    ['retry.delay', { retry: { when: Boolean, delay: 'soon' } }, '"soon"'],
    ['tags', { tags: 'catalogue' }, '"catalogue"'],
    ['tags', { tags: null }, 'null'],
    ['tags', { tags: tooMany }, '65 tags'],
  ])('refuse %s where it is wrong: %o', (option, options, got) => {
    expect(problemsOf(() => resolveCall(options, defaultSettings))).toMatchObject([{ option, got }])
  })
})

describe('the tags of a call', () => {
  it('may be made of the value, each once', () => {
    const { tags } = resolveCall({ tags: (value) => [`of:${String(value)}`, 'all', 'all'] }, defaultSettings)

    expect(tags.declared).toEqual([])
    expect(tags.of?.(7, 'k')).toEqual(['of:7', 'all'])
  })

  it.each<[string, unknown, object]>([
    ['no list', 'all', InvalidOptionsError],
    ['too many', tooMany, InvalidOptionsError],
    ['no text', [7], InvalidKeyError],
    ['an empty text', [''], InvalidKeyError],
    ['half a surrogate pair', ['\ud800'], InvalidKeyError],
  ])('are refused when what is made of the value is %s', (_what, made, error) => {
    const { tags } = resolveCall({ tags: () => made as string[] }, defaultSettings)

    expect(() => tags.of?.(1, 'k')).toThrow(error)
  })

  it.each([[['']], [[7]], [['line\nfeed']]])('are refused where they could not be keys: %j', (tags) => {
    expect(() => resolveCall({ tags: tags as string[] }, defaultSettings)).toThrow(InvalidKeyError)
    expect(() => resolveMutation({ tags: tags as string[] }, 0)).toThrow(InvalidKeyError)
  })
})

describe('what a write leaves behind', () => {
  it('is said by the call, or else by the cache', () => {
    const near = { everywhere: false }
    expect(resolveClear(undefined, 5)).toEqual({ settle: 5, ...near })
    expect(resolveClear({}, 5)).toEqual({ settle: 5, ...near })
    expect(resolveClear({ settle: '1s' }, 5)).toEqual({ settle: 1_000, ...near })
    expect(resolveClear({ settle: 0, scope: 'near' }, 5)).toEqual({ settle: 0, ...near })
    expect(resolveClear({ scope: 'everywhere' }, 5)).toEqual({ settle: 5, everywhere: true })
    expect(resolveMutation(undefined, 5)).toEqual({ settle: 5, ...near, tags: [], storeTags: [] })
    const settled = { settle: 1, scope: 'everywhere' } as const
    expect(resolveMutation({ ...settled, tags: ['a', 'a'] }, 5)).toEqual({
      settle: 1,
      everywhere: true,
      tags: ['a', 'a'],
      storeTags: ['a'],
    })
    expect(resolveInvalidation(undefined, 5)).toEqual({ settle: 5, ...near, replicas: 0 })
    expect(resolveInvalidation({ ...settled, waitReplicas: 2 }, 5)).toEqual({
      settle: 1,
      everywhere: true,
      replicas: 2,
    })
  })

  it.each<[string, object, string]>([
    ['settle', { settle: 'soon' }, '"soon"'],
    ['scope', { scope: 'here' }, '"here"'],
    ['waitReplicas', { waitReplicas: 0.5 }, '0.5'],
    ['waitReplicas', { waitReplicas: true }, 'true'],
    ['settel', { settel: 1 }, 'an unknown option'],
  ])('is refused where %s is wrong: %o', (option, options, got) => {
    expect(problemsOf(() => resolveInvalidation(options, 0))).toMatchObject([{ option, got }])
  })

  it('knows no replicas for a write behind a barrier, nor for a clear', () => {
    for (const resolve of [resolveClear, resolveMutation])
      expect(problemsOf(() => resolve({ waitReplicas: 1 } as object, 0))).toMatchObject([{ option: 'waitReplicas' }])
  })

  it('knows tags for a write behind a barrier alone', () => {
    for (const resolve of [resolveClear, resolveInvalidation])
      expect(problemsOf(() => resolve({ tags: ['a'] } as object, 0))).toMatchObject([{ option: 'tags' }])
    for (const tags of ['a', tooMany])
      expect(problemsOf(() => resolveMutation({ tags } as object, 0))).toMatchObject([{ option: 'tags' }])
  })
})

function problemsOf(act: () => unknown): readonly OptionProblem[] {
  try {
    act()
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems
    throw error
  }
  return []
}
