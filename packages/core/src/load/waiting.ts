import type { Watch } from '../protocol/changes.ts'
import type { Clock } from '../time/clock.ts'

const shortest = 10
const longest = 200
const growth = 1.5

/** Of a wait for a change that is told: the connection that tells it may be gone without a word. In milliseconds. */
const net = 1_000

/**
 * Pauses before a leased key is asked for again: until it changes, or where nobody tells that, longer each time and
 * jittered. Not beyond the end of the lease, `remaining` milliseconds from now: who holds it may have died.
 */
export function pauseBeforeRetry(
  clock: Clock,
  watch: Watch | undefined,
  attempt: number,
  remaining: number,
): Promise<void> {
  const backOff = Math.min(longest, shortest * growth ** attempt)
  const limit = watch ? net : backOff * (0.5 + Math.random() / 2)
  return new Promise((resolve) => {
    const cancel = clock.after(Math.min(limit, remaining + 1), resolve)
    void watch?.changed.then(() => {
      cancel()
      resolve()
    })
  })
}

/** What a promise that never rejects brings, or `'late'` if that takes longer than `limit` milliseconds. */
export function orLate<T>(promise: Promise<T>, limit: number, clock: Clock): Promise<T | 'late'> {
  return new Promise((resolve) => {
    const cancel = clock.after(limit, () => resolve('late'))
    void promise.then((value) => {
      cancel()
      resolve(value)
    })
  })
}
