import { type Command, isLease, valueOf } from './key.ts'
import type { Asking, Phase } from './phases.ts'
import type { Model, Step } from './protocol.ts'
import { execute } from './scripts.ts'
import { type Actor, at, change, nobody, phaseOf, processOf, type Sent, type State } from './state.ts'

/** The actor goes on to `phase`, and its command goes out on the connection of its process. */
export function send(model: Model, state: State, actor: number, phase: Asking): State {
  const { process } = model.actors[actor] as Actor
  const command = commandOf(model, actor, phase)
  const { sent } = processOf(state, process)
  return at(change(state, process, { sent: [...sent, { actor, command, heard: true }] }), actor, phase)
}

export function commandOf({ protocol, actors, configuration }: Model, actor: number, phase: Asking): Command {
  const token = protocol.token(actor, actors[actor] as Actor)
  const head = valueOf(actor)
  switch (phase.at) {
    case 'reading':
      return { op: 'get' }
    case 'acquiring':
      return { op: 'acquire', token, stale: phase.stale?.head }
    case 'filling':
      return { op: 'fill', expected: phase.right, entry: { head, version: phase.version ?? 0 } }
    case 'renewing':
      return { op: 'renew', expected: phase.right, head }
    case 'releasing':
      return { op: 'release', expected: phase.right }
    case 'deferring':
      return { op: 'defer', expected: phase.right }
    case 'invalidating':
      return { op: 'invalidate' }
    case 'replaying':
      return configuration.settles && protocol.journal.settles ? { op: 'raise', token } : { op: 'invalidate' }
    case 'expiring':
      return { op: 'expire', token }
    case 'claiming':
      return { op: 'claim', token }
    case 'setting':
      return { op: 'fill', expected: `L${token}`, entry: { head, version: phase.version } }
    case 'settling':
    case 'raising':
    case 'keeping':
      return { op: 'raise', token }
    case 'lowering': {
      const entry = phase.stores ? { head, version: phase.version ?? 0 } : undefined
      return { op: 'lower', token, settle: configuration.settles, entry }
    }
    default:
      return phase satisfies never
  }
}

/** Redis executes the command that arrives next on one of its connections, or one that strayed. */
export function* redisSteps(model: Model, state: State): Generator<Step> {
  for (const [process, { sent }] of state.processes.entries()) {
    for (const [index, command] of sent.entries()) {
      if (index > 0 && !model.configuration.unordered) break
      yield run(model, change(state, process, { sent: sent.toSpliced(index, 1) }), command, 'executes')
    }
  }
  for (const [index, stray] of state.strays.entries()) {
    const strays = state.strays.toSpliced(index, 1)
    yield run(model, { ...state, strays }, stray, 'executes, late,')
  }
}

function run(model: Model, state: State, { actor, command, heard }: Sent, does: string): Step {
  const { key, reply } = execute(model.protocol.scripts, state.key, command, state.running)
  const answer = heard ? `, answers ${reply.kind}` : ', nobody hears the answer'
  const what = `${does} ${command.op.toUpperCase()} of ${model.actors[actor]?.name}${answer}`
  const entitled = entitledAfter(state, actor, command, reply.kind)
  const next = { ...state, key, entitled, running: runningAfter(state, command) }
  return { who: 'Redis', what, next: heard ? deliver(next, actor, reply) : next, helps: true }
}

const deliver = (state: State, actor: number, reply: NonNullable<Asking['reply']>): State =>
  at(state, actor, { ...(phaseOf(state, actor) as Asking), reply })

function runningAfter({ running }: State, command: Command): readonly number[] {
  const starts = command.op === 'raise' || (command.op === 'lower' && command.settle)
  if (!starts || running.includes(command.token)) return running
  return [...running, command.token].toSorted((one, other) => one - other)
}

function entitledAfter(state: State, actor: number, command: Command, reply: string): readonly number[] {
  const { entitled } = state
  const without = () => (entitled.includes(actor) ? entitled.filter((other) => other !== actor) : entitled)
  switch (command.op) {
    case 'get':
      return entitled
    case 'acquire':
      if (reply !== 'acquired' || !mayLoad(phaseOf(state, actor))) return entitled
      return [...without(), actor].toSorted((one, other) => one - other)
    case 'fill':
    case 'release':
      if (reply === 'accepted' && isLease(command.expected)) return without()
      return reply === 'accepted' ? nobody : entitled
    case 'renew': // What refreshes a value ends, whoever has its mark now: marks are advice.
    case 'defer':
      return reply === 'accepted' ? nobody : entitled
    default:
      return nobody
  }
}

const mayLoad = (phase: Phase): boolean =>
  phase.at === 'acquiring' || phase.at === 'waiting' || (phase.at === 'loading' && phase.right !== undefined)
