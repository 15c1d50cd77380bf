import { commandOf, isAsking, nobody } from './connection.ts'
import { board, land } from './flight.ts'
import { absent } from './key.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, change, type Phase, phaseOf, processOf, type State } from './state.ts'

/** What may go wrong next. That a lease ends is the one fault that helps others to go on. */
export function* faultSteps(model: Model, state: State): Generator<Step> {
  const { protocol, configuration, actors } = model
  const { key, faults } = state
  const gone = { ...state, key: absent, entitled: nobody }
  if (key.kind === 'lease' && protocol.leasesExpire) {
    yield { who: 'Redis', what: 'ends the lease: it expired or was evicted', next: gone, helps: true }
  }
  if (key.kind === 'value' && configuration.evictions) {
    yield { who: 'Redis', what: 'drops the value: it expired or was evicted', next: gone, helps: false }
  }
  if (faults.deaths > 0) {
    for (const process of state.processes.keys()) yield* death(model, state, process)
  }
  for (const actor of actors.keys()) {
    if (faults.resends > 0) yield* resend(model, state, actor)
    if (faults.timeouts > 0) yield* timeout(model, state, actor)
  }
}

/** A process is killed. What it has sent still arrives. */
function* death(model: Model, state: State, process: number): Generator<Step> {
  const isHere = (actor: number) => model.actors[actor]?.process === process
  const busy = (phase: Phase, actor: number) => isHere(actor) && !['idle', 'done', 'dead'].includes(phase.at)
  if (!state.phases.some(busy)) return

  const sent = processOf(state, process).sent.map((command) => ({ ...command, heard: false }))
  const dead = change(state, process, { sent, flight: undefined })
  const next = {
    ...dead,
    phases: state.phases.map((phase, actor): Phase => (isHere(actor) ? { at: 'dead' } : phase)),
    entitled: state.entitled.filter((actor) => !isHere(actor)),
    faults: { ...state.faults, deaths: state.faults.deaths - 1 },
  }
  yield { who: `process ${String.fromCharCode(65 + process)}`, what: 'is killed', next, helps: false }
}

/** A connection breaks, and a command whose reply has not come is sent again. A GET is left out: it changes nothing. */
function* resend(model: Model, state: State, actor: number): Generator<Step> {
  const phase = phaseOf(state, actor)
  if (!isAsking(phase) || phase.at === 'reading') return

  const { name: who, process } = model.actors[actor] as Actor
  const { sent } = processOf(state, process)
  const command = commandOf(model, actor, phase)
  const op = command.op.toUpperCase()
  const faults = { ...state.faults, resends: state.faults.resends - 1 }
  const waiting = at({ ...state, faults }, actor, {
    ...(phase.at === 'acquiring' ? { ...phase, twice: true } : phase),
    reply: undefined,
  })
  if (phase.reply) {
    const next = change(waiting, process, { sent: [...sent, { actor, command, heard: true }] })
    yield { who, what: `sends ${op} again: the reply was lost with the connection`, next, helps: false }
  } else {
    const next = { ...waiting, strays: [...state.strays, { actor, command, heard: false }] }
    const what = `sends ${op} again: the connection broke, the first copy is still on its way`
    yield { who, what, next, helps: false }
  }
}

/** A process stops waiting: for a reply, or for another process that holds the lease. */
function* timeout(model: Model, state: State, actor: number): Generator<Step> {
  const phase = phaseOf(state, actor)
  if (!isAsking(phase) && phase.at !== 'waiting') return

  const { name: who, process } = model.actors[actor] as Actor
  const sent = processOf(state, process).sent.map((command) =>
    command.actor === actor ? { ...command, heard: false } : command,
  )
  const faults = { ...state.faults, timeouts: state.faults.timeouts - 1 }
  const deaf = change({ ...state, faults }, process, { sent })
  const step = (what: string, next: State): Step => ({ who, what, next, helps: false })
  const { uncertified } = model.protocol.asOf
  switch (phase.at) {
    case 'reading': {
      const boarding = board(model, deaf, actor, phase, true)
      yield step(`has no answer to its GET: ${boarding.what}`, boarding.next)
      return
    }
    case 'acquiring':
    case 'waiting': {
      const next = at(deaf, actor, { at: 'loading', floor: phase.floor, leased: false, version: undefined })
      yield step('gives the lease up: invokes its loader without', next)
      return
    }
    case 'filling':
    case 'releasing':
      yield step('has no answer, goes on', land(model, deaf, actor, phase.version, uncertified))
      return
    case 'invalidating':
      yield step('has no answer: its invalidation rejects', at(deaf, actor, { at: 'done' }))
  }
}
