import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Callers who call again as soon as they are answered. Returns how to stop them, which resolves when all have stopped.
 *
 * Each waits for the next turn of the event loop in between: a cache that answers from memory would else let nothing
 * but its callers run.
 */
export function startCallers(count: number, call: () => Promise<void>): () => Promise<void> {
  const over = new AbortController()
  const live = async () => {
    while (!over.signal.aborted) {
      await call()
      await nextTurn()
    }
  }
  const lives = Promise.all(Array.from({ length: count }, live))
  return async () => {
    over.abort()
    await lives
  }
}

/** How a call ended for its caller. `hung`: it had not ended after `patience`. */
export type Ending<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'hung' }

/** In milliseconds: the longest that a caller waits for any answer. */
export const patience = 10_000

/** Waits for a call, however it ends, and whether or not it does. */
export async function ending<T>(call: () => Promise<T>): Promise<Ending<T>> {
  let timer: NodeJS.Timeout | undefined
  const hung = new Promise<Ending<T>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'hung' }), patience)
  })
  try {
    return await Promise.race([call().then((value): Ending<T> => ({ kind: 'answered', value })), hung])
  } catch (error) {
    return { kind: 'failed', error }
  } finally {
    clearTimeout(timer)
  }
}
