import { answered } from './connection.ts'
import { board, land, withoutRight } from './flight.ts'
import { type Model, moments, type Step } from './protocol.ts'
import { lost, voidBefore } from './scripts.ts'
import {
  type Actor,
  at,
  change,
  isWaiting,
  nameOf,
  type Phase,
  phaseOf,
  processOf,
  spend,
  type State,
  type Waiting,
} from './state.ts'
import type { Command } from './store.ts'
import { over } from './time.ts'
import { isRunning, lower } from './writer.ts'

/** What may go wrong next, as long as there are faults left. */
export function* faultSteps(model: Model, state: State): Generator<Step> {
  const { left } = state
  if (left.losses > 0) yield* losses(model, spend(state, 'losses'))
  if (left.backs > 0) {
    const next = { ...spend(state, 'backs'), behind: state.behind + hours }
    yield { who: 'Redis', what: 'has its clock set back', next, helps: false }
  }
  if (left.prunes > 0) yield* prunes(spend(state, 'prunes'))
  if (left.deaths > 0) {
    for (const process of state.processes.keys()) yield* death(model, spend(state, 'deaths'), process)
  }
  for (const actor of model.actors.keys()) {
    if (left.resends > 0) yield* resend(model, spend(state, 'resends'), actor)
    if (left.timeouts > 0) yield* timeout(model, spend(state, 'timeouts'), actor)
  }
}

/** More than any barrier lasts. */
const hours = 5000

function* losses(model: Model, state: State): Generator<Step> {
  for (const what of model.configuration.loses) {
    const all = { ...lost.entry, ...lost.generation, ...lost.tags }
    const rest = { ...state, ...(what === 'all' ? all : lost[what]) }
    const next = what === 'all' || what === 'tags' ? fallen(model, rest) : rest
    yield { who: 'Redis', what: `loses ${what}`, next, helps: false }
  }
}

/** That a barrier is lost is the end of its time. */
function fallen(model: Model, state: State): State {
  let next: State = { ...state, running: [] }
  for (const { actor } of state.running) next = over(model, next, actor)
  return next
}

/** A field that bars nothing any more is removed, however young it is. */
function* prunes(state: State): Generator<Step> {
  const { clock, floor, fields } = state.tags
  for (const tag of ['a', 'b'] as const) {
    const field = fields[tag]
    if (!field || voidBefore(field) > clock) continue
    const raised = Math.max(floor, voidBefore(field), field.expired)
    const tags = { ...state.tags, floor: raised, fields: { ...fields, [tag]: undefined } }
    yield { who: 'Redis', what: `prunes ${tag}`, next: { ...state, tags }, helps: false }
  }
}

/** A process is killed. What it has sent still arrives. */
function* death(model: Model, state: State, process: number): Generator<Step> {
  const { actors } = model
  const isHere = (actor: number) => actors[actor]?.process === process
  const busy = (phase: Phase, actor: number) => isHere(actor) && !['idle', 'done', 'settled', 'dead'].includes(phase.at)
  if (!state.phases.some(busy)) return

  const sent = processOf(state, process).sent.map((command) => ({ ...command, heard: false }))
  let next = change(state, process, { sent, flight: undefined })
  for (const [actor, phase] of state.phases.entries()) {
    if (!isHere(actor)) continue
    // Its barrier is down, and nobody will say so.
    if (phase.at === 'lowering' && answered(phase)) next = over(model, next, actor)
    next = at(next, actor, killed(state, phase, actor))
  }
  yield { who: `process ${nameOf(process)}`, what: 'is killed', next, helps: false }
}

/** Of one who writes behind a barrier that stands, the write may still be committed. */
function killed(state: State, phase: Phase, actor: number): Phase {
  if (phase.at === 'settled') return phase // It has promised.
  const writes = phase.at === 'writing' || phase.at === 'lowering' || phase.at === 'orphaned'
  return writes && isRunning(state, actor) ? { at: 'orphaned', version: phase.version } : { at: 'dead' }
}

/** A connection breaks, and a command whose reply has not come is sent again. What only reads is left out. */
function* resend({ actors }: Model, state: State, actor: number): Generator<Step> {
  const phase = phaseOf(state, actor)
  if (!isWaiting(phase)) return
  const { name: who, process } = actors[actor] as Actor
  const { sent } = processOf(state, process)
  for (const [slot, { command, reply }] of phase.asks.entries()) {
    if (isRead(command)) continue
    const twice = { ...phase, ...('twice' in phase && isRight(command) && { twice: true }) } as Waiting
    const op = command.op.toUpperCase()
    if (reply) {
      const asks = phase.asks.with(slot, { command, reply: undefined })
      const waiting = at(state, actor, { ...twice, asks })
      const next = change(waiting, process, { sent: [...sent, { actor, slot, command, heard: true }] })
      yield { who, what: `sends ${op} again: the reply was lost with the connection`, next, helps: false }
    } else {
      const next = { ...at(state, actor, twice), strays: [...state.strays, { actor, slot, command, heard: false }] }
      yield { who, what: `sends ${op} again: the first copy is still on its way`, next, helps: false }
    }
  }
}

const isRead = ({ op }: Command): boolean => ['read', 'generation', 'readings', 'check'].includes(op)
const isRight = ({ op }: Command): boolean => op === 'acquire' || op === 'claim'

/** A process stops waiting. What it has sent may be late, or lost. */
function* timeout(model: Model, state: State, actor: number): Generator<Step> {
  const phase = phaseOf(state, actor)
  if (!isWaiting(phase) && phase.at !== 'waiting') return

  const { name: who, process } = model.actors[actor] as Actor
  const deaf = astray(state, process, actor)
  const step = (what: string, next: State): Step => ({ who, what: `has no answer: ${what}`, next, helps: false })
  switch (phase.at) {
    case 'reading':
    case 'completing': {
      const { since, denied } = phase
      const request = { away: true, generation: '', over: undefined, stale: undefined }
      const { what, next } = board(model, deaf, actor, { since, denied, fallback: undefined, request })
      yield step(what, next)
      return
    }
    case 'acquiring':
    case 'judging':
    case 'waiting':
      yield step('invokes its loader without a lease', withoutRight(deaf, actor, phase.led))
      return
    case 'late':
    case 'filling':
    case 'releasing':
      yield step('lands', land(model, deaf, actor, phase.version, moments.loading))
      return
    case 'raising':
      yield step('does not know its barrier up', lower(model, deaf, actor, undefined))
      return
    case 'lowering': {
      const { version } = phase
      yield step(
        'its call rejects',
        at(deaf, actor, version === undefined ? { at: 'done' } : { at: 'orphaned', version }),
      )
      return
    }
    case 'calling':
    case 'preparing':
    case 'claiming':
    case 'setting':
      yield step('its call rejects', at(deaf, actor, { at: 'done' }))
      return
    default:
  }
}

function astray(state: State, process: number, actor: number): State {
  const { sent } = processOf(state, process)
  const late = sent.filter((command) => command.actor === actor && command.heard)
  if (late.length === 0) return state
  const strays = [...state.strays, ...late.map((command) => ({ ...command, heard: false }))]
  return change({ ...state, strays }, process, { sent: sent.filter((command) => !late.includes(command)) })
}
