import type { Clock } from '../time/clock.ts'
import type { WriteBatch, WriteBehindEntry } from './options.ts'

export type WriteOutcome =
  | { readonly kind: 'written'; readonly duration: number }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** It still runs, and is not waited for. */
  | { readonly kind: 'cut' }

interface WriteSurroundings {
  readonly clock: Clock
  /** Milliseconds. */
  readonly timeout: number
  /** Aborts when another may write: what runs is waited for all the same. */
  readonly overtaken: AbortSignal
  /** Aborts when nobody waits any more. */
  readonly cut: AbortSignal
  /** `write` has resolved after it was given up. */
  readonly onLate: () => void
}

/** Runs `write` once, for at most `timeout` milliseconds. Never rejects. */
export function runWrite<T>(
  write: WriteBatch<T>,
  batch: readonly WriteBehindEntry<T>[],
  { clock, timeout, overtaken, cut, onLate }: WriteSurroundings,
): Promise<WriteOutcome> {
  const began = clock.now()
  const abort = new AbortController()

  return new Promise((resolve) => {
    let open = true
    const settle = (outcome: WriteOutcome) => {
      open = false
      stopTimer()
      overtaken.removeEventListener('abort', onOvertaken)
      cut.removeEventListener('abort', onCut)
      resolve(outcome)
    }
    const onOvertaken = () => abort.abort(overtaken.reason)
    const onCut = () => {
      settle({ kind: 'cut' })
      abort.abort(cut.reason)
    }
    const stopTimer = clock.after(timeout, () => {
      const error = new Error(
        `no answer from "write" after ${timeout} ms (its signal was aborted; see option "writeTimeout")`,
      )
      settle({ kind: 'failed', error })
      abort.abort(error)
    })
    overtaken.addEventListener('abort', onOvertaken)
    cut.addEventListener('abort', onCut)
    // It may throw before it returns a promise.
    Promise.resolve()
      .then(() => write(batch, { signal: abort.signal }))
      .then(
        () => (open ? settle({ kind: 'written', duration: clock.now() - began }) : onLate()),
        (error: unknown) => open && settle({ kind: 'failed', error }),
      )
  })
}
