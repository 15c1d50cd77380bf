import { commandOf } from './connection.ts'
import { board, land, withoutRight } from './flight.ts'
import { again } from './journal.ts'
import { notLowered, notRaised } from './mutator.ts'
import { isAsking, type Phase } from './phases.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, change, nameOf, nobody, phaseOf, processOf, spend, type State } from './state.ts'
import { refused } from './writer.ts'

/** What may go wrong next, as long as there are faults left. */
export function* faultSteps(model: Model, state: State): Generator<Step> {
  const { left } = state
  if (left.deaths > 0) {
    for (const process of state.processes.keys()) yield* death(model, spend(state, 'deaths'), process)
  }
  for (const actor of model.actors.keys()) {
    if (left.resends > 0) yield* resend(model, spend(state, 'resends'), actor)
    if (left.timeouts > 0) yield* timeout(model, spend(state, 'timeouts'), actor)
  }
}

/** A process is killed. What it has sent still arrives. */
function* death({ actors }: Model, state: State, process: number): Generator<Step> {
  const isHere = (actor: number) => actors[actor]?.process === process
  const busy = (phase: Phase, actor: number) =>
    isHere(actor) && !['idle', 'done', 'settled', 'dead', 'empty'].includes(phase.at)
  if (!state.phases.some(busy)) return

  const sent = processOf(state, process).sent.map((command) => ({ ...command, heard: false }))
  const dead = change(state, process, { sent, flight: undefined })
  const entitled = state.entitled.filter((actor) => !isHere(actor))
  const next = {
    ...dead,
    phases: state.phases.map((phase, actor) => (isHere(actor) ? killed(state, phase, actor) : phase)),
    entitled: entitled.length > 0 ? entitled : nobody,
  }
  yield { who: `process ${nameOf(process)}`, what: 'is killed', next, helps: false }
}

/** Of one who writes behind a barrier that stands, the write may still be committed. */
function killed({ running }: State, phase: Phase, actor: number): Phase {
  if (phase.at === 'settled') return phase // It has promised.
  const writes = phase.at === 'writing' || phase.at === 'keeping' || phase.at === 'lowering' || phase.at === 'orphaned'
  return writes && running.includes(actor) ? { at: 'orphaned', version: phase.version } : { at: 'dead' }
}

/** A connection breaks, and a command whose reply has not come is sent again. A GET is left out: it changes nothing. */
function* resend(model: Model, state: State, actor: number): Generator<Step> {
  const phase = phaseOf(state, actor)
  if (!isAsking(phase) || phase.at === 'reading') return

  const { name: who, process } = model.actors[actor] as Actor
  const { sent } = processOf(state, process)
  const command = commandOf(model, actor, phase)
  const op = command.op.toUpperCase()
  const waiting = at(state, actor, { ...phase, ...('twice' in phase && { twice: true }), reply: undefined })
  if (phase.reply) {
    const next = change(waiting, process, { sent: [...sent, { actor, command, heard: true }] })
    yield { who, what: `sends ${op} again: the reply was lost with the connection`, next, helps: false }
  } else {
    const next = { ...waiting, strays: [...state.strays, { actor, command, heard: false }] }
    const what = `sends ${op} again: the connection broke, the first copy is still on its way`
    yield { who, what, next, helps: false }
  }
}

/** A process stops waiting: for a reply, or for another process that holds the lease. The command may be late, or lost. */
function* timeout(model: Model, state: State, actor: number): Generator<Step> {
  const phase = phaseOf(state, actor)
  if (!isAsking(phase) && phase.at !== 'waiting') return

  const { name: who, process } = model.actors[actor] as Actor
  const { protocol } = model
  const deaf = astray(state, process, actor)
  const step = (what: string, next: State): Step => ({ who, what: `has no answer: ${what}`, next, helps: false })
  switch (phase.at) {
    case 'reading': {
      const { since, denied } = phase
      const away = { since, denied, away: true, stale: undefined, fallback: undefined }
      const { what, next } = board(model, deaf, actor, away)
      yield step(what, next)
      return
    }
    case 'acquiring':
    case 'waiting':
      yield step('invokes its loader without a lease', withoutRight(deaf, actor, phase.led))
      return
    case 'filling':
    case 'renewing':
    case 'releasing':
    case 'deferring':
      yield step('lands', land(model, deaf, actor, phase.version, protocol.asOf.uncertified))
      return
    case 'invalidating':
    case 'expiring':
    case 'settling':
      yield step(ends(model, 'it'), refused(model, deaf, actor, phase.covers))
      return
    case 'claiming':
    case 'setting':
      yield step('its call rejects', at(deaf, actor, { at: 'done' }))
      return
    case 'raising':
      yield step('does not know its barrier up', notRaised(model, deaf, actor))
      return
    case 'keeping': {
      const unbroken = phase.unbroken && protocol.stores.afterNoAnswer
      const next = at(deaf, actor, { at: 'writing', version: phase.version, unbroken })
      yield step('does not know whether its barrier has stood', next)
      return
    }
    case 'lowering':
      yield step(ends(model, 'its barrier'), notLowered(model, deaf, actor, phase))
      return
    case 'replaying':
      yield step('replays later', again(deaf, actor, phase))
      return
    default:
      phase satisfies never
  }
}

function astray(state: State, process: number, actor: number): State {
  const { sent } = processOf(state, process)
  const late = sent.filter((command) => command.actor === actor && command.heard)
  if (late.length === 0) return state
  const strays = [...state.strays, ...late.map((command) => ({ ...command, heard: false }))]
  return change({ ...state, strays }, process, { sent: sent.filter((command) => !late.includes(command)) })
}

const ends = ({ configuration }: Model, what: string): string =>
  configuration.journals ? `${what} is pending` : 'its call rejects'
