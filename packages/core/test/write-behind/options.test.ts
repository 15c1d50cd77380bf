import { describe, expect, it } from 'vitest'
import { CacheAside, InvalidOptionsError, MemoryStore, type OptionProblem } from '../../src/index.ts'
import { resolveWriteBehind } from '../../src/write-behind/options.ts'
import { WriteBehind, type WriteBehindOptions } from '../../src/write-behind/index.ts'

const cache = new CacheAside({ namespace: 'shop', store: new MemoryStore() })
const right: WriteBehindOptions<unknown> = { name: 'stock', cache, redis: 'redis://localhost:6379', write: () => {} }

function problemsOf(options: object): readonly OptionProblem[] {
  try {
    resolveWriteBehind({ ...right, ...options })
    return []
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems
    throw error
  }
}

describe('resolveWriteBehind', () => {
  it('knows a default for all that has one', () => {
    expect(resolveWriteBehind(right).settings).toEqual({
      batchSize: 100,
      interval: 100,
      maxPending: 10_000,
      maxAttempts: 8,
      retryDelay: 1_000,
      maxDeadLetters: 10_000,
      writeTimeout: 30_000,
      leaseTtl: 10_000,
      drainTimeout: 10_000,
      commandTimeout: 500,
    })
  })

  it('takes what is given instead', () => {
    const { settings } = resolveWriteBehind({ ...right, batchSize: 7, interval: '2s', leaseTtl: 50 })

    expect(settings).toMatchObject({ batchSize: 7, interval: 2_000, leaseTtl: 50 })
  })

  it.each<[string, object, string]>([
    ['name', { name: '' }, '""'],
    ['name', { name: 'a}b' }, '"a}b"'],
    ['name', { name: 5 }, '5'],
    ['cache', { cache: undefined }, 'undefined'],
    ['cache', { cache: {} }, 'an object'],
    ['redis', { redis: undefined }, 'undefined'],
    ['redis', { redis: 'localhost' }, '"localhost"'],
    ['redis', { redis: 'http://me:secret@there' }, 'a text'],
    ['redis', { redis: [] }, 'an array'],
    ['write', { write: undefined }, 'undefined'],
    ['write', { write: 'sql' }, '"sql"'],
    ['codec', { codec: {} }, 'an object'],
    ['codec', { codec: null }, 'null'],
    ['batchSize', { batchSize: 0 }, '0'],
    ['maxPending', { maxPending: 1.5 }, '1.5'],
    ['maxAttempts', { maxAttempts: '5' }, '"5"'],
    ['maxDeadLetters', { maxDeadLetters: Infinity }, 'Infinity'],
    ['interval', { interval: 'soon' }, '"soon"'],
    ['retryDelay', { retryDelay: 0 }, '0'],
    ['writeTimeout', { writeTimeout: null }, 'null'],
    ['leaseTtl', { leaseTtl: -1 }, '-1'],
    ['drainTimeout', { drainTimeout: {} }, 'an object'],
    ['commandTimeout', { commandTimeout: 2 ** 31 }, '2147483648'],
    ['batchsize', { batchsize: 5 }, 'an unknown option'],
  ])('refuses %s: %o', (option, options, got) => {
    expect(problemsOf(options)).toEqual([{ option, expected: expect.any(String) as string, got }])
  })

  it('names every problem there is', () => {
    expect(problemsOf({ name: '', batchSize: 0, interval: 'soon' }).map(({ option }) => option)).toEqual([
      'name',
      'interval',
      'batchSize',
    ])
    expect(() => new WriteBehind(undefined as never)).toThrow(InvalidOptionsError)
  })
})
