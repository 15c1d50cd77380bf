import { InvalidOptionsError } from '../errors.ts'

/** A length of time: a number of milliseconds, or text such as `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. */
export type Duration = number | string

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** The longest delay that timers and Redis' `PX` both take without surprises: about 24.8 days. */
const longest = 2 ** 31 - 1

export const durationExpected: string = "milliseconds (1 to 2147483647) or a text such as '250ms', '30s', '5m', '1h'"

/** Milliseconds of `duration`, rounded up to a whole one, or undefined if it is not a duration. */
export function toMilliseconds(duration: unknown): number | undefined {
  const exact = typeof duration === 'string' ? fromText(duration) : duration
  if (typeof exact !== 'number' || !(exact > 0) || exact > longest) return undefined
  // 0.07 s is 70 ms: what multiplication adds behind the comma is not a part of a millisecond.
  return Math.max(1, Math.ceil(Number(exact.toFixed(6))))
}

function fromText(text: string): number | undefined {
  const match = pattern.exec(text)
  return match ? Number(match[1]) * units[match[2] as keyof typeof units] : undefined
}

/** Milliseconds of `duration`. @throws {InvalidOptionsError} naming `option`. */
export function parseDuration(duration: Duration, option: string): number {
  const milliseconds = toMilliseconds(duration)
  if (milliseconds === undefined) {
    throw new InvalidOptionsError([
      {
        option,
        expected: durationExpected,
        got: typeof duration === 'string' ? JSON.stringify(duration) : String(duration),
      },
    ])
  }
  return milliseconds
}
