import { type Command, execute } from './key.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, change, type Phase, phaseOf, processOf, type Sent, type State } from './state.ts'

/** An actor whose reply has not come. */
export type Asking = Extract<Phase, { readonly reply: unknown }>

export const isAsking = (phase: Phase): phase is Asking => 'reply' in phase

/** The actor goes on to `phase`, and its command goes out on the connection of its process. */
export function send(model: Model, state: State, actor: number, phase: Asking): State {
  const { process } = model.actors[actor] as Actor
  const command = commandOf(model, actor, phase)
  const { sent } = processOf(state, process)
  return at(change(state, process, { sent: [...sent, { actor, command, heard: true }] }), actor, phase)
}

const tokenOf = ({ protocol, actors }: Model, reader: number): number => protocol.token(reader, actors[reader] as Actor)

export function commandOf(model: Model, actor: number, phase: Asking): Command {
  switch (phase.at) {
    case 'reading':
      return { op: 'get' }
    case 'acquiring':
      return { op: 'acquire', token: tokenOf(model, actor) }
    case 'filling':
      return { op: 'fill', token: tokenOf(model, actor), entry: { id: actor, version: phase.version } }
    case 'releasing':
      return { op: 'release', token: tokenOf(model, actor) }
    case 'invalidating':
      return { op: 'unlink' }
    default:
      return phase satisfies never
  }
}

/** Redis executes the command that arrives next on one of its connections, or one that strayed. */
export function* redisSteps(model: Model, state: State): Generator<Step> {
  for (const [process, { sent }] of state.processes.entries()) {
    const [first, ...others] = sent
    if (first) yield run(model, change(state, process, { sent: others }), first, 'executes')
  }
  for (const [index, stray] of state.strays.entries()) {
    const strays = state.strays.toSpliced(index, 1)
    yield run(model, { ...state, strays }, stray, 'executes the first copy of')
  }
}

function run(model: Model, state: State, { actor, command, heard }: Sent, does: string): Step {
  const { key, reply } = execute(model.protocol.scripts, state.key, command)
  const answer = heard ? `, answers ${reply.kind}` : ', nobody hears the answer'
  const what = `${does} ${command.op.toUpperCase()} of ${model.actors[actor]?.name}${answer}`
  const entitled = entitledAfter(state, actor, command, reply.kind)
  const next = { ...state, key, entitled }
  return { who: 'Redis', what, next: heard ? deliver(next, actor, reply) : next, helps: true }
}

const deliver = (state: State, actor: number, reply: NonNullable<Asking['reply']>): State =>
  at(state, actor, { ...(phaseOf(state, actor) as Asking), reply })

function entitledAfter(state: State, actor: number, command: Command, reply: string): readonly number[] {
  const { entitled } = state
  const without = () => (entitled.includes(actor) ? entitled.filter((other) => other !== actor) : entitled)
  if (command.op === 'unlink') return nobody
  if (command.op === 'fill' || command.op === 'release')
    return reply === 'accepted' || reply === 'released' ? without() : entitled
  if (reply !== 'acquired' || !mayLoad(phaseOf(state, actor))) return entitled
  return [...without(), actor].toSorted((one, other) => one - other)
}

const mayLoad = (phase: Phase): boolean =>
  phase.at === 'acquiring' || phase.at === 'waiting' || (phase.at === 'loading' && phase.leased)

/** One and the same, so that states which are equal look equal. */
export const nobody: readonly number[] = []
