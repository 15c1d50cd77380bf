import { raised } from '../floors.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, phaseOf, settlesOf, type State } from './state.ts'
import { absent, isSettling, none } from './store.ts'

/** The clock of the tags may be ahead of the server's, by as many readings as it gave. */
const slack = 50

/** What time brings, as soon or as late as it likes. */
export function* timeSteps(model: Model, state: State): Generator<Step> {
  const { actors } = model
  const step = (what: string, next: State): Step => ({ who: 'time', what, next, helps: true })
  if (state.key.kind === 'lease') yield step('the lease ends', { ...state, key: absent })
  if (state.visible < state.committed) {
    const visible = state.visible + 1
    yield step(`the replica has version ${visible}`, { ...state, visible })
  }
  if (state.running.length === 0) return

  const end = Math.min(...state.running.map((one) => one.end))
  const ending = state.running.filter((one) => one.end === end)
  // Replicas lag for less than a barrier stands or a settle takes.
  if (ending.some(({ actor }) => state.visible < owedBy(model, state, actor))) return
  let next: State = {
    ...state,
    time: Math.max(state.time, end) + slack,
    running: state.running.filter((one) => one.end > end),
  }
  for (const { actor } of ending) next = over(model, next, actor)
  const clears = next.running.some(({ actor }) => actors[actor]?.kind === 'clearer')
  if (isSettling(next.generation.name) && !clears) next = { ...next, generation: none }
  yield step(`the time of ${ending.map(({ actor }) => actors[actor]?.name).join(' and ')} is over`, next)
}

/** What will have been committed when their time is over. */
function owedBy({ configuration, actors }: Model, state: State, actor: number): number {
  const phase = phaseOf(state, actor)
  if (phase.at === 'settled' || phase.at === 'calling') return phase.covers
  if (phase.at === 'lowering' && settlesOf(configuration, actors[actor] as Actor)) return phase.covers
  return 'version' in phase ? (phase.version ?? 0) : 0
}

export function over(model: Model, state: State, actor: number): State {
  const { actors, configuration } = model
  const phase = phaseOf(state, actor)
  // Loaders may read a replica that lags, and it does not settle.
  const promises = settlesOf(configuration, actors[actor] as Actor) !== false
  const fallen = promises ? owedBy(model, state, actor) : 0
  switch (phase.at) {
    case 'settled':
      return at({ ...state, floors: raised(state.floors, { invalidated: fallen }) }, actor, { at: 'done' })
    case 'orphaned':
      return at({ ...state, floors: raised(state.floors, { fallen }) }, actor, { at: 'done' })
    case 'writing':
    case 'lowering':
      return { ...state, floors: raised(state.floors, { fallen }) }
    default:
      return state
  }
}
