/** Time as the engine sees it, in milliseconds. */
export interface Clock {
  /** Monotonic. */
  now(): number
  /** Since 1970, as this process believes; it can jump. */
  wall(): number
  /** Runs `callback` once after `delay`; the returned function cancels. A pending call does not keep the process alive. */
  after(delay: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (delay, callback) => {
    const timer = setTimeout(callback, delay).unref()
    return () => clearTimeout(timer)
  },
}
