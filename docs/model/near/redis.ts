import type { Model, Step } from './protocol.ts'
import { type Actor, at, type Change, type Entry, linked, nameOf, phaseOf, type State } from './state.ts'
import { changeOf } from './writer.ts'

const nothing: Entry = { version: 0, stamp: 0 }

/** Redis executes any command that is on its way, and tells what has changed before it answers for it. */
export function* redisSteps(model: Model, state: State): Generator<Step> {
  const step = (what: string, next: State): Step => ({ who: 'Redis', what, next, helps: true })
  for (const actor of model.actors.keys()) yield* execute(model, state, actor)
  for (const [index, change] of state.strays.entries()) {
    yield step('executes what was given up', voided({ ...state, strays: state.strays.toSpliced(index, 1) }, change))
  }
  for (const [process, { sent, tracked, told, at: is }] of state.links.entries()) {
    const [first, ...rest] = sent
    if (first === undefined || is !== 'up') continue
    const name = `process ${nameOf(process)}`
    yield first === 'track'
      ? step(`executes TRACKING and SUBSCRIBE of ${name}`, linked(state, process, { sent: rest, tracked: true }))
      : step(`executes PING of ${name}`, linked(state, process, { sent: rest, tracked, told: [...told, first] }))
  }
  const { changes, actors } = state.round
  if (actors.length > 0 && model.protocol.answersFirst) {
    yield step('answers', { ...answered(state), round: { changes, actors: [] } })
  }
  if (changes.length > 0 || actors.length > 0) {
    const next = { ...answered(tell(state, changes)), round: { changes: [], actors: [] } }
    yield step(changes.length > 0 ? 'tells what has changed, and answers' : 'answers', next)
  }
}

/** Pushed to whom it has been asked to tell. What is told again right behind itself voids nothing more. */
export const tell = (state: State, changes: readonly Change[]): State => ({
  ...state,
  links: state.links.map((link) => {
    if (!link.tracked || link.at !== 'up') return link
    const more = changes.filter((change, index) => index > 0 || change !== link.told.at(-1))
    return { ...link, told: [...link.told, ...more] }
  }),
})

/** Told at the end of the round, once. */
export function changed(state: State, change: Change): State {
  const { changes, actors } = state.round
  return { ...state, round: { changes: [...new Set([...changes, change])].toSorted(), actors } }
}

/** The key is voided, or what it is judged by is set forward. What is not there does not change. */
export function voided(state: State, change: 'key' | 'clock'): State {
  if (change === 'clock') return changed({ ...state, clock: state.clock + 1 }, change)
  return state.entry.version === 0 ? state : changed({ ...state, entry: nothing }, change)
}

function answered(state: State): State {
  const { actors } = state.round
  return {
    ...state,
    phases: state.phases.map((phase, actor) =>
      actors.includes(actor) && (phase.at === 'calling' || phase.at === 'replaying')
        ? { ...phase, reply: 'answered' }
        : phase,
    ),
  }
}

function* execute({ protocol, configuration, actors }: Model, state: State, actor: number): Generator<Step> {
  const { name, letter } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const { entry, clock, committed } = state
  const isValid = entry.version > 0 && entry.stamp === clock
  const step = (what: string, next: State): Step => ({
    who: 'Redis',
    what: `executes ${what} of ${name}`,
    next,
    helps: true,
  })

  switch (phase.at) {
    case 'reading': {
      if (phase.reply) return
      const reply = configuration.judgesLater || isValid ? entry : nothing
      yield step('GET', at(state, actor, { ...phase, reply }))
      return
    }
    case 'judging':
      if (phase.reply === undefined) yield step('HMGET', at(state, actor, { ...phase, reply: clock }))
      return
    case 'filling': {
      if (phase.reply !== undefined) return
      const filled = isValid ? state : changed({ ...state, entry: { version: committed, stamp: clock } }, 'key')
      const stored = { at: 'filling', reply: isValid ? 0 : committed } as const
      yield step('FILL', at(filled, actor, protocol.keepsFills ? stored : { at: 'idle' }))
      return
    }
    case 'calling':
    case 'replaying': {
      if (phase.reply !== 'none') return
      const next = at(voided(state, changeOf(letter)), actor, { ...phase, reply: 'executed' })
      const round = { ...next.round, actors: [...next.round.actors, actor] }
      yield step(letter === 'C' ? 'CLEAR' : 'UNLINK', { ...next, round })
      return
    }
    default:
  }
}
