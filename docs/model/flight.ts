import type { Ending } from './configuration.ts'
import { send } from './connection.ts'
import { isLease, type Value } from './key.ts'
import { isFlying, type Led, type Phase } from './phases.ts'
import { type Floors, wrong } from './floors.ts'
import { type Model, moments, type Step } from './protocol.ts'
import { type Actor, at, change, nobody, phaseOf, processOf, type State } from './state.ts'

type Loading = Extract<Phase, { readonly at: 'loading' }>

/** Somebody who found nothing to serve. */
export interface Boarding {
  readonly since: Floors
  readonly denied: boolean
  /** Redis is not to be asked for a lease. */
  readonly away: boolean
  /** A value that may not be served. */
  readonly stale: Value | undefined
  /** The same, where it may be served if the loader fails. */
  readonly fallback: Value | undefined
}

/** A reader joins the flight of its process or leads one. */
export function board(model: Model, state: State, actor: number, boarding: Boarding): Step {
  const { name: who, process } = model.actors[actor] as Actor
  const { since, denied, away, stale, fallback } = boarding
  const { flight } = processOf(state, process)
  if (flight !== undefined) {
    const boarded = momentOf(phaseOf(state, flight))
    if (!(denied && boarded > moments.before)) {
      const next = at(state, actor, { at: 'joined', since, fallback, leader: flight, boarded })
      const what = `joins the flight of ${model.actors[flight]?.name}`
      return { who, what, next: joined(next, flight), helps: true }
    }
  }
  const led = { since, fallback, behind: false }
  const next = lead(model, state, actor, led, away, stale)
  return { who, what: 'leads a flight', next, helps: true }
}

export function lead(
  { actors }: Model,
  state: State,
  actor: number,
  led: Led,
  away: boolean,
  stale: Value | undefined,
): State {
  const { process } = actors[actor] as Actor
  return at(change(state, process, { flight: actor }), actor, { at: 'boarding', led, away, stale })
}

/** Somebody waits for what was begun behind a value. */
function joined(state: State, leader: number): State {
  const phase = phaseOf(state, leader)
  return isFlying(phase) && phase.led.behind
    ? at(state, leader, { ...phase, led: { ...phase.led, behind: false } })
    : state
}

/** A leader asks for the right to load. All who have joined so far did so before it asked. */
export function ask(model: Model, state: State, actor: number, led: Led, stale: Value | undefined): State {
  const phases = state.phases.map((phase) =>
    phase.at === 'joined' && phase.leader === actor ? { ...phase, boarded: moments.before } : phase,
  )
  return send(model, { ...state, phases }, actor, { at: 'acquiring', led, stale, twice: false, reply: undefined })
}

export const withoutRight = (state: State, actor: number, led: Led): State =>
  at(state, actor, { at: 'loading', led, right: undefined, stale: undefined, version: undefined })

function momentOf(leader: Phase): number {
  switch (leader.at) {
    case 'boarding':
      return moments.before
    case 'loading':
      return moments.loading
    case 'filling':
    case 'renewing':
    case 'releasing':
    case 'deferring':
      return moments.filling
    default:
      return moments.asked
  }
}

/** A loader has ended: its value is filled in, or the right given back. */
export function end(model: Model, state: State, actor: number, phase: Loading, how: Ending): State {
  const { led, right } = phase
  const version = how === 'failed' ? undefined : phase.version
  if (!right) return land(model, state, actor, version, model.protocol.asOf.withoutRight)

  const ended = { led, right, version, reply: undefined }
  const loaded = notEntitled(state, actor)
  switch (how) {
    case 'value':
      return send(model, loaded, actor, { at: 'filling', ...ended })
    case 'unchanged':
      return send(model, loaded, actor, { at: 'renewing', ...ended })
    case 'declined':
      return send(model, loaded, actor, { at: 'releasing', ...ended })
    case 'failed':
      return send(model, loaded, actor, { at: isLease(right) ? 'releasing' : 'deferring', ...ended })
    default:
      return how satisfies never
  }
}

/** The flight is over. Who boarded before the value was current may have it; the others read again. Without a version it failed. */
export function land(model: Model, state: State, leader: number, version: number | undefined, asOf: number): State {
  let landed = takenOut(model, notEntitled(state, leader), leader)
  for (const [actor, phase] of landed.phases.entries()) {
    if (phase.at !== 'joined' || phase.leader !== leader) continue
    if (version !== undefined && phase.boarded >= asOf) landed = at(landed, actor, { at: 'denied', since: phase.since })
    else landed = returned(landed, actor, phase.since, version ?? phase.fallback?.version, version === undefined)
  }
  const phase = phaseOf(state, leader)
  const { since, fallback } = (isFlying(phase) && phase.led) || {}
  if (!since) return at(landed, leader, { at: 'done' })
  return returned(landed, leader, since, version ?? fallback?.version, version === undefined)
}

/** The flight ends without having loaded: another process does. */
export function leave(model: Model, state: State, leader: number): State {
  const left = takenOut(model, state, leader)
  return at(
    {
      ...left,
      phases: left.phases.map((phase) =>
        phase.at === 'joined' && phase.leader === leader ? { at: 'denied', since: phase.since } : phase,
      ),
    },
    leader,
    { at: 'done' },
  )
}

function takenOut({ actors }: Model, state: State, leader: number): State {
  const { process } = actors[leader] as Actor
  return processOf(state, process).flight === leader ? change(state, process, { flight: undefined }) : state
}

/** A read is over, rightly or not. Without a version it threw. */
export function returned(
  state: State,
  actor: number,
  since: Floors,
  version: number | undefined,
  loaderFailed = false,
): State {
  const by = version === undefined ? undefined : wrong(state, since, version, loaderFailed)
  return at(state, actor, by ? { at: 'wronged', by } : { at: 'done' })
}

function notEntitled(state: State, actor: number): State {
  const { entitled } = state
  if (!entitled.includes(actor)) return state
  const others = entitled.filter((other) => other !== actor)
  return { ...state, entitled: others.length > 0 ? others : nobody }
}
