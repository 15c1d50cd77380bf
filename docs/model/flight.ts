import { send } from './connection.ts'
import { type Model, moments, type Step } from './protocol.ts'
import { type Actor, at, change, type Ending, type Phase, phaseOf, processOf, type State } from './state.ts'

type Reading = Extract<Phase, { readonly at: 'reading' }>
type Loading = Extract<Phase, { readonly at: 'loading' }>

/** A reader that found nothing joins the flight of its process or leads one. Without Redis (`away`) it loads without a lease. */
export function board(model: Model, state: State, actor: number, { floor, denied }: Reading, away: boolean): Step {
  const { name: who, process } = model.actors[actor] as Actor
  const { flight } = processOf(state, process)
  if (flight !== undefined) {
    const boarded = momentOf(phaseOf(state, flight))
    if (!(denied && boarded > moments.before)) {
      const next = at(state, actor, { at: 'joined', floor, leader: flight, boarded })
      return { who, what: `joins the flight of ${model.actors[flight]?.name}`, next, helps: true }
    }
  }
  const leading = change(state, process, { flight: actor })
  const next = away
    ? at(leading, actor, { at: 'loading', floor, leased: false, version: undefined })
    : ask(model, leading, actor, floor)
  return {
    who,
    what: away ? 'leads a flight: invokes its loader without a lease' : 'leads a flight: sends ACQUIRE',
    next,
    helps: true,
  }
}

/** A leader asks for the lease. All who have joined so far did so before it asked. */
export function ask(model: Model, state: State, actor: number, floor: number): State {
  const phases = state.phases.map((phase) =>
    phase.at === 'joined' && phase.leader === actor ? { ...phase, boarded: moments.before } : phase,
  )
  return send(model, { ...state, phases }, actor, { at: 'acquiring', floor, twice: false, reply: undefined })
}

function momentOf(leader: Phase): number {
  if (leader.at === 'loading') return moments.loading
  return leader.at === 'filling' || leader.at === 'releasing' ? moments.filling : moments.asked
}

/** A loader has returned: its value is filled in, or the lease released. */
export function end(
  model: Model,
  state: State,
  actor: number,
  { floor, leased, version }: Loading,
  how: Ending,
): State {
  const brought = how === 'failed' ? undefined : version
  if (!leased) return land(model, state, actor, brought, model.protocol.asOf.uncertified)

  const loaded = notEntitled(state, actor)
  return how === 'value' && version !== undefined
    ? send(model, loaded, actor, { at: 'filling', floor, version, reply: undefined })
    : send(model, loaded, actor, { at: 'releasing', floor, version: brought, reply: undefined })
}

/** The flight is over. Who boarded before the value was current may have it; the others read again. Without a version it failed. */
export function land(model: Model, state: State, leader: number, version: number | undefined, asOf: number): State {
  const { process } = model.actors[leader] as Actor
  let landed = notEntitled(state, leader)
  if (processOf(landed, process).flight === leader) landed = change(landed, process, { flight: undefined })

  for (const [actor, phase] of landed.phases.entries()) {
    if (phase.at !== 'joined' || phase.leader !== leader) continue
    if (version !== undefined && phase.boarded >= asOf) landed = at(landed, actor, { at: 'denied', floor: phase.floor })
    else landed = returned(landed, actor, phase.floor, version)
  }
  return returned(landed, leader, (phaseOf(state, leader) as { readonly floor: number }).floor, version)
}

/** A read is over, rightly or not. Without a version it threw. */
export function returned(state: State, actor: number, floor: number, version: number | undefined): State {
  const right = version === undefined || (version >= floor && version <= state.committed)
  return at(state, actor, right ? { at: 'done' } : { at: 'wronged', floor, version })
}

function notEntitled(state: State, actor: number): State {
  const { entitled } = state
  return entitled.includes(actor) ? { ...state, entitled: entitled.filter((other) => other !== actor) } : state
}
