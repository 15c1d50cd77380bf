import type { Clock } from '../time/clock.ts'

const shortest = 10
const longest = 200
const growth = 1.5

/** Pauses before a leased key is asked for again: longer each time, jittered, and not beyond the end of the lease. In milliseconds. */
export function pauseBeforeRetry(clock: Clock, attempt: number, remaining: number): Promise<void> {
  const backOff = Math.min(longest, shortest * growth ** attempt)
  const jittered = backOff * (0.5 + Math.random() / 2)
  return new Promise((resolve) => {
    clock.after(Math.min(jittered, remaining + 1), resolve)
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
