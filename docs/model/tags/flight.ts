import { type Floors, wrong } from '../floors.ts'
import type { Ending as How } from './configuration.ts'
import { checked, checks, send } from './connection.ts'
import { type Model, moments, type Step } from './protocol.ts'
import {
  type Actor,
  at,
  change,
  type Ending,
  type Led,
  type Phase,
  phaseOf,
  processOf,
  type State,
  tagsOf,
} from './state.ts'
import type { Command, Reply, Tag, Value } from './store.ts'
import { verdict } from './validity.ts'

type Loading = Extract<Phase, { readonly at: 'loading' }>

/** A reader joins the flight of its process or leads one. */
export function board(model: Model, state: State, actor: number, led: Led & { readonly denied: boolean }): Step {
  const { name: who, process } = model.actors[actor] as Actor
  const { since, fallback, denied, request } = led
  const { flight } = processOf(state, process)
  if (flight !== undefined) {
    const boarded = momentOf(phaseOf(state, flight))
    if (!(denied && boarded > moments.before)) {
      const next = at(state, actor, { at: 'joined', since, fallback, leader: flight, boarded })
      return { who, what: `joins the flight of ${model.actors[flight]?.name}`, next, helps: true }
    }
  }
  const boarding: Phase = { at: 'boarding', led: { since, fallback, request } }
  const next = at(change(state, process, { flight: actor }), actor, boarding)
  return { who, what: 'leads a flight', next, helps: true }
}

/** Asks for the right to load, and for what is to be known before. All who have joined so far did so before it asked. */
export function ask(model: Model, state: State, actor: number, led: Led): State {
  const phases = state.phases.map((phase) =>
    phase.at === 'joined' && phase.leader === actor ? { ...phase, boarded: moments.before } : phase,
  )
  const { generation, over, stale } = led.request
  const commands: Command[] = [
    { op: 'acquire', token: actor, over, stale },
    { op: 'moment', token: actor },
  ]
  if (generation === '' || model.configuration.asksAgain) commands.push({ op: 'generate', token: actor })
  return send(model, { ...state, phases }, actor, { at: 'acquiring', led, twice: false }, commands)
}

export const withoutRight = (state: State, actor: number, led: Led): State =>
  at(state, actor, { at: 'loading', led, right: undefined, origin: undefined, version: undefined })

function momentOf(leader: Phase): number {
  switch (leader.at) {
    case 'boarding':
      return moments.before
    case 'loading':
    case 'late':
      return moments.loading
    case 'filling':
    case 'releasing':
      return moments.filling
    default:
      return moments.asked
  }
}

/** A loader has ended: its value is filled in, or the right given back. */
export function end(model: Model, state: State, actor: number, phase: Loading, how: How): State {
  const { led, right, origin } = phase
  const version = how === 'failed' ? undefined : phase.version
  if (!right || !origin) return land(model, state, actor, version, moments.loading)

  const ending: Ending = { led, right, origin, version }
  if (how !== 'value') return release(model, state, actor, ending)
  const late = lateCommands(model, actor, version ?? 0)
  if (late.length > 0) return send(model, state, actor, { at: 'late', ...ending }, late)
  return fill(model, state, actor, ending)
}

/** What a mistaken protocol asks for only now. */
function lateCommands(model: Model, actor: number, version: number): Command[] {
  const { protocol, configuration } = model
  if (protocol.asksAfterLoad === 'reading') return [{ op: 'moment', token: actor }]
  if (protocol.asksAfterLoad === 'generation') return [{ op: 'generate', token: actor }]
  if (protocol.rechecks === 'before the fill') return checks(model, tagsOf(configuration, version))
  return []
}

const valueOf = ({ configuration }: Model, actor: number, version: number, origin: Ending['origin']): Value => {
  const tags = tagsOf(configuration, version)
  return { kind: 'value', head: `V${actor}`, version, tags, origin }
}

export function fill(model: Model, state: State, actor: number, ending: Ending, early: readonly Reply[] = []): State {
  const { right, origin, version = 0 } = ending
  const filling: Command = { op: 'fill', expected: right, value: valueOf(model, actor, version, origin) }
  const commands = [filling, ...recheck(model, state, actor, tagsOf(model.configuration, version))]
  return send(model, state, actor, { at: 'filling', ...ending, early }, commands)
}

function release(model: Model, state: State, actor: number, ending: Ending): State {
  const { right, version } = ending
  const tags = version === undefined ? [] : tagsOf(model.configuration, version)
  const releasing: Command = { op: 'release', expected: right }
  const commands = [releasing, ...recheck(model, state, actor, tags)]
  return send(model, state, actor, { at: 'releasing', ...ending, early: [] }, commands)
}

/** Who boards later than this is not concerned. */
function recheck(model: Model, { phases }: State, leader: number, tags: readonly Tag[]): Command[] {
  const joined = phases.some((phase) => phase.at === 'joined' && phase.leader === leader)
  return joined && model.protocol.rechecks === 'with the fill' ? checks(model, tags) : []
}

/** The fill or the release has been answered, and the check if there was one. */
export function ended(
  model: Model,
  state: State,
  actor: number,
  phase: Extract<Phase, { readonly at: 'filling' | 'releasing' }>,
  [right, ...replies]: readonly Reply[],
): Step {
  const { protocol, actors } = model
  const { version, origin } = phase
  const answer = checked([...replies, ...phase.early])
  const value = valueOf(model, actor, version ?? 0, origin)
  const holds = !answer || verdict(protocol, value, answer.generation, [answer.readings]) === 'valid'
  const certified = right?.kind === 'accepted' && holds
  const what = version ? `lands with version ${version}` : 'lands without a value'
  const asOf = certified ? moments.filling : moments.loading
  return {
    who: actors[actor]?.name ?? '',
    what: `${what}: ${phase.at} was ${right?.kind}${holds ? '' : ', but its tags were touched'}`,
    next: land(model, state, actor, version, asOf),
    helps: true,
  }
}

/** Who boarded before the value was current may have it; the others read again. Without a version the loader failed. */
export function land(model: Model, state: State, leader: number, version: number | undefined, asOf: number): State {
  const { process } = model.actors[leader] as Actor
  let landed = processOf(state, process).flight === leader ? change(state, process, { flight: undefined }) : state
  for (const [actor, phase] of landed.phases.entries()) {
    if (phase.at !== 'joined' || phase.leader !== leader) continue
    if (version !== undefined && phase.boarded >= asOf) landed = at(landed, actor, { at: 'denied', since: phase.since })
    else landed = returned(landed, actor, phase.since, version ?? phase.fallback?.version, version === undefined)
  }
  const phase = phaseOf(state, leader)
  if (!('led' in phase)) return landed
  const { since, fallback } = phase.led
  return returned(landed, leader, since, version ?? fallback?.version, version === undefined)
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
