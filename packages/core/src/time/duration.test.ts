import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidOptionsError } from '../errors.ts'
import { type Duration, durationExpected, parseDuration, toMilliseconds } from './duration.ts'

const longest = 2_147_483_647

describe('a duration', () => {
  it.each([
    [1, 1],
    [250, 250],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['1.5s', 1_500],
    ['007s', 7_000],
    [longest, longest],
    [`${longest}ms`, longest],
  ])('%j is %i milliseconds', (duration, milliseconds) => {
    expect(toMilliseconds(duration)).toBe(milliseconds)
  })

  it.each([0.001, 0.5, '0.5ms', '0.0001s'])('%j, less than a millisecond, is one', (duration) => {
    expect(toMilliseconds(duration)).toBe(1)
  })

  it.each([
    [1.2, 2],
    ['1.0001s', 1_001],
  ])('%j is rounded up to %i', (duration, milliseconds) => {
    expect(toMilliseconds(duration)).toBe(milliseconds)
  })

  it.each([
    0,
    -0,
    -1,
    NaN,
    Infinity,
    -Infinity,
    longest + 1,
    `${longest + 1}ms`,
    '25d',
    '9'.repeat(400).concat('s'),
    '',
    ' ',
    '5',
    'm',
    '0s',
    '-5s',
    '+5s',
    '.5s',
    '5.s',
    '1e3ms',
    '0x10s',
    '5 s',
    ' 5s',
    '5s\n',
    '5S',
    '5M',
    '5sec',
    '5s5s',
    '5,5s',
    '٥s',
    'Infinitys',
    null,
    undefined,
    true,
    5n,
    ['5s'],
    { valueOf: () => 5 },
    new Date(5),
  ])('%o is none', (duration) => {
    expect(toMilliseconds(duration)).toBeUndefined()
  })

  it('is a whole number from 1 to 2147483647, or none, whatever is given', () => {
    const text = fc
      .tuple(fc.oneof(fc.nat(), fc.double({ min: 0, noNaN: true })), fc.constantFrom('ms', 's', 'm', 'h', 'd', 'w', ''))
      .map(([amount, unit]) => `${amount}${unit}`)

    fc.assert(
      fc.property(fc.oneof(text, fc.double(), fc.anything()), (given) => {
        const milliseconds = toMilliseconds(given)
        if (milliseconds === undefined) return

        expect(Number.isInteger(milliseconds)).toBe(true)
        expect(milliseconds).toBeGreaterThanOrEqual(1)
        expect(milliseconds).toBeLessThanOrEqual(longest)
      }),
      { numRuns: 2_000 },
    )
  })

  it('with decimals is as many milliseconds as the same length without', () => {
    const hundredths = fc.integer({ min: 1, max: 2_000 })
    const unit = fc.constantFrom(['s', 1_000] as const, ['m', 60_000] as const, ['h', 3_600_000] as const)

    fc.assert(
      fc.property(hundredths, unit, (amount, [letter, milliseconds]) => {
        const text = `${(amount / 100).toFixed(2)}${letter}`

        expect(toMilliseconds(text)).toBe((amount * milliseconds) / 100)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('parseDuration', () => {
  it('returns the milliseconds', () => {
    expect(parseDuration('5m', 'ttl')).toBe(300_000)
  })

  it.each([
    ['soon', '"soon"'],
    [0, '0'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [5n, '5'],
    [null, 'null'],
    [undefined, 'undefined'],
  ])('refuses %o, and says which option has it and what is right', (given, got) => {
    const error = thrownBy(() => parseDuration(given as Duration, 'setTtl'))

    expect(error).toBeInstanceOf(InvalidOptionsError)
    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: `option "setTtl": expected ${durationExpected}, got ${got}`,
    })
  })
})

function thrownBy(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}
