/** Time as the engine sees it: monotonic, in milliseconds. */
export interface Clock {
  now(): number
  /** Runs `callback` once after `delay`; the returned function cancels. A pending call does not keep the process alive. */
  after(delay: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delay, callback) => {
    const timer = setTimeout(callback, delay).unref()
    return () => clearTimeout(timer)
  },
}
