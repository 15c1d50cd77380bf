import { randomInt } from 'node:crypto'

// Below the ports a system hands out by itself, so that nobody is given a port whose server is down for a moment.
// The bus of a Redis Cluster node listens 10,000 above its port: it stays below as well.
const lowest = 10_000
const highest = 22_000
const attempts = 10

/** Calls `listen` with a port that is likely to be free, and with another one for as long as it was not. */
export async function onFreePort<T>(listen: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listen(randomInt(lowest, highest))
    } catch (error) {
      if (attempt === attempts || !isTaken(error)) throw error
    }
  }
}

// Node, Redis and Postgres say it in the same words.
function isTaken(error: unknown): boolean {
  return error instanceof Error && /address already in use/i.test(error.message)
}
