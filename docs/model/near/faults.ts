import { close } from './link.ts'
import type { Model, Step } from './protocol.ts'
import { changed, tell, voided } from './redis.ts'
import { linked, nameOf, spend, type State } from './state.ts'

/** What may go wrong next, as long as there are faults left, and what others do to the key. */
export function* faultSteps(model: Model, state: State): Generator<Step> {
  const { left, entry } = state
  const fault = (who: string, what: string, next: State): Step => ({ who, what, next, helps: false })

  for (const [process, link] of state.links.entries()) {
    const who = `process ${nameOf(process)}`
    if (link.at !== 'up' && link.at !== 'silent') continue
    if (left.cuts > 0) yield fault(who, 'is cut off', close(model, spend(state, 'cuts'), process))
    if (left.silences > 0 && link.at === 'up') {
      const silent = linked(spend(state, 'silences'), process, { at: 'silent', sent: [] })
      yield fault(who, 'has a connection that is gone, and does not know it', silent)
    }
  }
  if (left.touches > 0 && entry.version > 0) {
    yield fault('Redis', 'executes the mark of a refresh', changed(spend(state, 'touches'), 'key'))
  }
  if (left.evictions > 0 && entry.version > 0)
    yield fault('Redis', 'evicts the key', voided(spend(state, 'evictions'), 'key'))
  if (left.flushes > 0) {
    // Told at once, before what else has changed in this round.
    const flushed = { ...spend(state, 'flushes'), entry: { version: 0, stamp: 0 } }
    yield fault('Redis', 'is flushed', tell(flushed, ['all']))
  }
}
