import { bared } from './faults.ts'
import type { Model, Step } from './protocol.ts'
import { barred } from './scripts.ts'
import { absent, type Actor, markOf, ownerOf, type State, without } from './state.ts'

/** What time brings, as soon or as late as it likes: to a writer who is dead, or who stands still for so long. */
export function* timeSteps(model: Model, state: State): Generator<Step> {
  const { key, running } = state
  const step = (what: string, next: State): Step => ({ who: 'time', what, next, helps: true })
  if (key.kind === 'lease') yield step('the lease ends', { ...state, key: absent })
  for (const token of running) {
    const owner = ownerOf(token)
    const isMark = token === markOf(owner)
    if (isMark && !model.protocol.markEnds) continue
    const rest = { ...bared(model, state, 'late', token), running: without(running, token) }
    const next = key.kind === 'barrier' ? { ...rest, key: barred(without(key.writers, token)) } : rest
    yield step(`the ${isMark ? 'mark' : 'barrier'} of ${(model.actors[owner] as Actor).name} ends`, next)
  }
}
