import type { Model, Step } from './protocol.ts'
import { fill, leases } from './scripts.ts'
import { type Actor, at, phaseOf, type State } from './state.ts'

/** Loads what is not served, again and again. Who is not given a lease loads all the same, and changes nothing. */
export function* readerSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { name: who } = model.actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State): Step => ({ who, what, next, helps: true })

  if (phase.at === 'idle' && leases(model, state)) {
    const { generation } = state
    const leased: State = { ...state, key: { kind: 'lease', reader: actor } }
    yield step('is given the lease', at(leased, actor, { at: 'loading', generation }))
  } else if (phase.at === 'loading') {
    const items = [...state.log.keys()]
    yield step('loads, and sends FILL', at(state, actor, { ...phase, at: 'filling', items }))
  } else if (phase.at === 'filling') {
    yield step('has its FILL executed', at(fill(state, actor, phase.items, phase.generation), actor, { at: 'idle' }))
  }
}
