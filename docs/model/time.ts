import { absent } from './key.ts'
import type { Phase } from './phases.ts'
import { raised } from './floors.ts'
import type { Model, Step } from './protocol.ts'
import { at, nobody, phaseOf, type State } from './state.ts'

/** What time brings, as soon or as late as it likes: no promise rests on how long anything stands. */
export function* timeSteps(model: Model, state: State): Generator<Step> {
  const { protocol, configuration, actors } = model
  const { key, running } = state
  const step = (what: string, next: State, helps: boolean): Step => ({ who: 'time', what, next, helps })
  const gone = { ...state, key: absent, entitled: nobody }

  if (key.kind === 'lease' && !protocol.endless.includes('lease')) yield step('the lease ends', gone, true)
  if (key.kind === 'value') {
    if (configuration.evictions) yield step('the value is dropped', gone, false)
    if (configuration.stale && key.age === 'fresh')
      yield step('the value becomes stale', { ...state, key: { ...key, age: 'stale' } }, false)
    if (key.mark !== 'none' && !protocol.endless.includes('mark'))
      yield step('its mark ends', { ...state, key: { ...key, mark: 'none' }, entitled: nobody }, true)
  }
  if (key.kind === 'barrier' && !key.writers.some((writer) => running.includes(writer)))
    yield step('the barrier ends', gone, true)
  for (const token of running) {
    const owed = owedBy(phaseOf(state, token), configuration.settles)
    // Replicas lag for less than a barrier stands.
    if (state.visible < owed) continue
    const next = { ...over(model, state, token, owed), running: running.filter((other) => other !== token) }
    yield step(`what ${actors[token]?.name} has raised is over`, next, true)
  }
  for (const [actor, phase] of state.phases.entries()) {
    // It was acknowledged, and has raised nothing.
    if (phase.at === 'settled' && !running.includes(actor) && state.visible >= phase.covers)
      yield step(`what ${actors[actor]?.name} has to settle is over`, over(model, state, actor, phase.covers), true)
  }
  if (state.visible < state.committed) {
    const visible = state.visible + 1
    yield step(`the replica has version ${visible}`, { ...state, visible }, true)
  }
}

/** What will have been committed when a writer's part of a barrier is over. */
function owedBy(phase: Phase, settles: boolean): number {
  switch (phase.at) {
    case 'writing':
    case 'keeping':
    case 'orphaned':
      return phase.version ?? 0
    case 'lowering':
      return settles ? phase.covers : (phase.version ?? 0)
    case 'replaying':
    case 'settling':
    case 'settled':
      return phase.covers
    default:
      return 0
  }
}

function over({ actors }: Model, state: State, token: number, owed: number): State {
  const phase = phaseOf(state, token)
  const rest: Phase = { at: actors[token]?.kind === 'journal' ? 'empty' : 'done' }
  switch (phase.at) {
    case 'settled':
      return at({ ...state, floors: raised(state.floors, { invalidated: owed }) }, token, rest)
    case 'orphaned':
      return at({ ...state, floors: raised(state.floors, { fallen: owed }) }, token, { at: 'done' })
    case 'writing':
    case 'keeping':
      return { ...state, floors: raised(state.floors, { fallen: owed }) }
    case 'lowering':
      return { ...state, floors: raised(state.floors, { fallen: phase.version ?? 0 }) }
    default:
      return state
  }
}
