import { describe, expect, it } from 'vitest'
import { type Codec, jsonCodec } from '../entry/codec.ts'
import { supportedCompressions } from '../entry/compression.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { MemoryStore } from '../protocol/memory-store.ts'
import { type CacheOptions, resolveOptions } from './options.ts'
import { defaultSettings, resolveCall } from './settings.ts'

const store = new MemoryStore()
const right: CacheOptions = { namespace: 'shop', store }

const resolve = (options: object) => resolveOptions({ ...right, ...options })

describe('resolveOptions', () => {
  it('knows a default for everything but the namespace and the place of the entries', () => {
    expect(resolveOptions(right)).toEqual({
      namespace: 'shop',
      namespaceKeys: { generation: 'shop/generation', tagClock: 'shop/tags' },
      store,
      ownsStore: false,
      compression: undefined,
      maxConcurrentLoads: 256,
      journals: false,
      barrierTtl: 10_000,
      settle: 0,
      near: undefined,
      nearLag: 200,
      settings: {
        ...defaultSettings,
        format: { codec: jsonCodec, name: 'json', maxValueSize: 8_388_608, freezes: false },
      },
    })
  })

  it('takes what is given instead of the defaults', () => {
    const codec: Codec = { ...jsonCodec, id: 'json.v2' }
    const settings = { ttl: '1h', negativeTtl: '1m', jitter: 0, leaseTtl: '1s', loadTimeout: 500 }

    const writes = { onUnreachable: 'journal', barrierTtl: '1m', settle: '2s', maxConcurrentLoads: 8 } as const
    const form = { codec, version: '7', maxValueSize: 1, compression: 'brotli' } as const

    expect(resolve({ namespace: 'A.b_c-9', ...form, ...writes, ...settings })).toMatchObject({
      namespace: 'A.b_c-9',
      compression: { algorithm: 'brotli', threshold: 1024 },
      journals: true,
      barrierTtl: 60_000,
      settle: 2_000,
      maxConcurrentLoads: 8,
      settings: {
        ttl: 3_600_000,
        negativeTtl: 60_000,
        jitter: 0,
        leaseTtl: 1_000,
        loadTimeout: 500,
        format: { codec, name: 'json.v2/7', maxValueSize: 1, freezes: false },
      },
    })
  })

  it('has a near cache only if it is asked for', () => {
    const defaults = { entries: 10_000, bytes: 67_108_864, values: 'copied' }
    expect(resolve({ near: false }).near).toBeUndefined()
    expect(resolve({ near: true }).near).toEqual(defaults)
    expect(resolve({ near: { entries: 5, values: 'frozen' } }).near).toEqual({
      ...defaults,
      entries: 5,
      values: 'frozen',
    })
    expect(resolve({ nearLag: '1s' }).nearLag).toBe(1_000)
  })

  it('gives what cannot be changed, whatever becomes of the object that was given', () => {
    const options = { ...right, ttl: '1h' }
    const resolved = resolveOptions(options)

    options.ttl = '2h'

    expect(resolved.settings.ttl).toBe(3_600_000)
    expect(Object.isFrozen(resolved)).toBe(true)
    expect(Object.isFrozen(resolved.settings)).toBe(true)
  })

  it.each<[string, object, string, string]>([
    ['namespace', { namespace: undefined }, "such as 'shop'", 'undefined'],
    ['namespace', { namespace: '' }, "such as 'shop'", '""'],
    ['namespace', { namespace: 'a:b' }, "such as 'shop'", '"a:b"'],
    ['namespace', { namespace: 'shop\n' }, "such as 'shop'", '"shop\\n"'],
    ['namespace', { namespace: 'é' }, "such as 'shop'", '"é"'],
    ['namespace', { namespace: 'x'.repeat(65) }, "such as 'shop'", `"${'x'.repeat(65)}"`],
    ['namespace', { namespace: 5 }, "such as 'shop'", '5'],
    ['namespace', { namespace: ['shop'] }, "such as 'shop'", 'an array'],
    ['store', { store: null }, 'such as new MemoryStore()', 'null'],
    ['store', { store: new Map() }, 'such as new MemoryStore()', 'an object'],
    ['codec', { codec: null }, "such as 'json'", 'null'],
    ['near', { near: 'yes' }, 'such as { entries: 10_000 }', '"yes"'],
    ['near', { near: null }, 'such as { entries: 10_000 }', 'null'],
    ['near.entries', { near: { entries: 0 } }, 'such as 10000', '0'],
    ['near.bytes', { near: { bytes: 1.5 } }, 'such as 67108864', '1.5'],
    ['near.values', { near: { values: 'shared' } }, "'copied' or 'frozen'", '"shared"'],
    ['entry', { near: { entry: 1 } }, 'one of entries, bytes, values', 'an unknown option'],
    ['nearLag', { nearLag: 39 }, "such as '200ms'", '39'],
    ['nearLag', { nearLag: 'soon' }, "such as '200ms'", '"soon"'],
    ['codec', { codec: {} }, "such as 'json'", 'an object'],
    ['codec', { codec: { ...jsonCodec, id: '' } }, "such as 'json'", 'an object'],
    ['codec', { codec: { ...jsonCodec, id: 'JSON' } }, "such as 'json'", 'an object'],
    ['codec', { codec: { ...jsonCodec, id: 'a\nb' } }, "such as 'json'", 'an object'],
    ['codec', { codec: { ...jsonCodec, id: 'x'.repeat(33) } }, "such as 'json'", 'an object'],
    ['maxValueSize', { maxValueSize: 0 }, 'such as 1048576', '0'],
    ['maxValueSize', { maxValueSize: 1.5 }, 'such as 1048576', '1.5'],
    ['maxValueSize', { maxValueSize: Infinity }, 'such as 1048576', 'Infinity'],
    ['maxValueSize', { maxValueSize: '1mb' }, 'such as 1048576', '"1mb"'],
    ['version', { version: 2 }, "such as '2'", '2'],
    ['version', { version: 'V 2' }, "such as '2'", '"V 2"'],
    ['compression', { compression: 'lz4' }, supportedCompressions.join(', '), '"lz4"'],
    ['compression', { compression: { algorithm: null } }, supportedCompressions.join(', '), 'null'],
    ['compression.threshold', { compression: { threshold: -1 } }, 'such as 1024', '-1'],
    ['maxConcurrentLoads', { maxConcurrentLoads: 0 }, 'such as 64', '0'],
    ['onUnreachable', { onUnreachable: 'retry' }, "'reject' or 'journal'", '"retry"'],
    ['barrierTtl', { barrierTtl: 0 }, "'5m'", '0'],
    ['settle', { settle: -1 }, "'5m'", '-1'],
    ['ttl', { ttl: 0 }, "'5m'", '0'],
    ['ttl', { ttl: 'soon' }, "'5m'", '"soon"'],
    ['ttl', { ttl: null }, "'5m'", 'null'],
    ['negativeTtl', { negativeTtl: -1 }, "'5m'", '-1'],
    ['leaseTtl', { leaseTtl: NaN }, "'5m'", 'NaN'],
    ['loadTimeout', { loadTimeout: {} }, "'5m'", 'an object'],
    ['jitter', { jitter: -0.1 }, 'such as 0.1', '-0.1'],
    ['jitter', { jitter: 1.1 }, 'such as 0.1', '1.1'],
    ['jitter', { jitter: NaN }, 'such as 0.1', 'NaN'],
    ['jitter', { jitter: '0.5' }, 'such as 0.1', '"0.5"'],
    ['jitter', { jitter: null }, 'such as 0.1', 'null'],
    ['commandTimeout', { commandTimeout: '1s' }, 'left out with a store', '"1s"'],
    ['tags', { tags: ['a'] }, 'ttl, ', 'an unknown option'],
    ['tll', { tll: '5m' }, 'ttl, ', 'an unknown option'],
  ])('names %s when it is wrong: %o', (option, options, expected, got) => {
    expect(problemsOf(() => resolve(options))).toEqual([
      { option, expected: expect.stringContaining(expected) as string, got },
    ])
  })

  it('names a commandTimeout that is no duration', () => {
    const problems = problemsOf(() => resolveOptions({ namespace: 'shop', redis: 'redis://h', commandTimeout: 'soon' }))

    expect(problems).toMatchObject([{ option: 'commandTimeout', got: '"soon"' }])
  })

  it('names everything that is wrong at once', () => {
    const wrong = { namespace: '', store: undefined, ttl: 'soon', jitter: 2, maxValueSize: 0, retries: 3 }

    expect(problemsOf(() => resolve(wrong)).map(({ option }) => option)).toEqual([
      'retries',
      'namespace',
      'redis',
      'maxValueSize',
      'ttl',
      'jitter',
    ])
  })

  it('says for each what is right and what was given', () => {
    expect(() => resolve({ namespace: 'a b', jitter: 2 })).toThrow(
      new InvalidOptionsError([
        { option: 'namespace', expected: "1 to 64 of A-Z a-z 0-9 . _ -, such as 'shop'", got: '"a b"' },
        { option: 'jitter', expected: 'a number from 0 to 1, such as 0.1', got: '2' },
      ]),
    )
  })

  it.each([undefined, null, 'shop', 5])('refuses %j in place of the options', (options) => {
    const problems = problemsOf(() => resolveOptions(options as unknown as CacheOptions))

    expect(problems.map(({ option }) => option)).toEqual(['namespace', 'redis'])
  })
})

describe('negativeTtl', () => {
  it('is at most ttl where it was left out', () => {
    expect(resolve({ ttl: '10s' }).settings.negativeTtl).toBe(10_000)
  })

  it('may be as long as ttl', () => {
    expect(resolve({ ttl: '10s', negativeTtl: '10s' }).settings.negativeTtl).toBe(10_000)
  })

  it('above ttl is refused', () => {
    expect(() => resolve({ ttl: '10s', negativeTtl: '11s' })).toThrow(
      'option "negativeTtl": expected at most ttl (10000 ms), got "11s"',
    )
  })

  it('above the default ttl is refused', () => {
    expect(() => resolve({ negativeTtl: '1h' })).toThrow('expected at most ttl (300000 ms), got "1h"')
  })

  it('of the cache ends with the ttl of a call', () => {
    const { settings } = resolve({ ttl: '1h', negativeTtl: '10m' })

    expect(resolveCall({ ttl: '1m' }, settings).negativeTtl).toBe(60_000)
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
