import type { Model, Step } from './protocol.ts'
import { execute, lengths } from './scripts.ts'
import {
  type Actor,
  type Ask,
  at,
  change,
  isWaiting,
  phaseOf,
  processOf,
  type Running,
  type Sent,
  serverTime,
  type State,
  type Waiting,
} from './state.ts'
import { over } from './time.ts'
import type { Command, Readings, Reply, Tag } from './store.ts'

type Unsent<Phase> = Phase extends Waiting ? Omit<Phase, 'asks'> : never

/** The actor goes on to `phase`, and its commands go out on the connection of its process, one behind the other. */
export function send(
  model: Model,
  state: State,
  actor: number,
  phase: Unsent<Waiting>,
  commands: readonly Command[],
): State {
  const { process } = model.actors[actor] as Actor
  const { sent } = processOf(state, process)
  const asks: Ask[] = commands.map((command) => ({ command, reply: undefined }))
  const going: Sent[] = commands.map((command, slot) => ({ actor, slot, command, heard: true }))
  const waiting = { ...phase, asks } as Waiting
  return at(change(state, process, { sent: [...sent, ...going] }), actor, waiting)
}

/** Every reply, when all have come. */
export function answered({ asks }: Waiting): readonly Reply[] | undefined {
  const replies = asks.flatMap(({ reply }) => reply ?? [])
  return replies.length === asks.length ? replies : undefined
}

export const replyOf = <Kind extends Reply['kind']>(
  replies: readonly Reply[],
  kind: Kind,
): Extract<Reply, { readonly kind: Kind }> | undefined =>
  replies.find((reply): reply is Extract<Reply, { readonly kind: Kind }> => reply.kind === kind)

/** What asks for the generation and for readings, at a moment each. */
export const checks = ({ configuration }: Model, tags: readonly Tag[]): Command[] =>
  configuration.cluster ? [{ op: 'generation' }, { op: 'readings', tags }] : [{ op: 'check', tags }]

/** What they were answered with. */
export function checked(replies: readonly Reply[]): { generation: string; readings: Readings } | undefined {
  const reply = replyOf(replies, 'readings')
  if (!reply) return undefined
  return { generation: replyOf(replies, 'generation')?.generation ?? reply.generation, readings: reply.readings }
}

/** Redis executes the command that arrives next on one of its connections, or one that strayed. */
export function* redisSteps(model: Model, state: State): Generator<Step> {
  for (const [process, { sent }] of state.processes.entries()) {
    for (const [index, command] of sent.entries()) {
      if (index > 0 && !model.configuration.cluster) break
      yield run(model, change(state, process, { sent: sent.toSpliced(index, 1) }), command, 'executes')
    }
  }
  for (const [index, stray] of state.strays.entries()) {
    yield run(model, { ...state, strays: state.strays.toSpliced(index, 1) }, stray, 'executes, late,')
  }
}

function run(model: Model, state: State, { actor, slot, command, heard }: Sent, does: string): Step {
  const { key, generation, tags, made } = state
  const now = serverTime(state)
  const { store, reply } = execute(model.protocol.scripts, { key, generation, tags, made }, command, now)
  const what = `${does} ${command.op.toUpperCase()} of ${model.actors[actor]?.name}${heard ? '' : ', nobody hears the answer'}`
  const began = { ...state, ...store, running: runningAfter(state, command) }
  // Nobody else ends the time of a writer who is gone.
  const ends = command.op === 'lower' && !command.settles && phaseOf(began, command.token).at === 'orphaned'
  const next = ends ? over(model, began, command.token) : began
  return { who: 'Redis', what, next: heard ? deliver(next, actor, slot, reply) : next, helps: true }
}

function deliver(state: State, actor: number, slot: number, reply: Reply): State {
  const phase = phaseOf(state, actor)
  if (!isWaiting(phase)) throw new Error(`nobody waits for a ${reply.kind}`)
  const ask = phase.asks[slot] as Ask
  return at(state, actor, { ...phase, asks: phase.asks.with(slot, { ...ask, reply }) })
}

function runningAfter({ running, time }: State, command: Command): readonly Running[] {
  const settles = 'settles' in command && command.settles
  if (command.op !== 'raise' && command.op !== 'lower' && !settles) return running
  const others = running.filter(({ actor }) => actor !== command.token)
  if (command.op === 'lower' && !settles) return others
  const end = time + (settles ? lengths.settle : lengths.barrier)
  return [...others, { actor: command.token, end }].toSorted((one, other) => one.actor - other.actor)
}
