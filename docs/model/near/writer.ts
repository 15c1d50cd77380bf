import { forgetOwn } from './near.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, phaseOf, spend, type State } from './state.ts'

/** Those who commit, and make it known. */
export function* writerSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { protocol, configuration, actors } = model
  const { name: who, process, letter } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State, helps = true): Step => ({ who, what, next, helps })

  switch (phase.at) {
    case 'idle': {
      const covers = state.committed + 1
      const next = at({ ...state, committed: covers }, actor, { at: 'calling', covers, reply: 'none', age: 0 })
      const forgotten = protocol.forgets === 'after' ? next : forgetOwn(model, next, process)
      yield step(`commits version ${covers}, and sends ${commandOf(letter)}`, forgotten, false)
      return
    }
    case 'calling': {
      const { covers, reply, age } = phase
      if (reply === 'answered') {
        const next = protocol.forgets === 'before' ? state : forgetOwn(model, state, process)
        if (letter === 'E') {
          const since = protocol.waitsFrom === 'the answer' ? 0 : age
          yield step('is answered: waits', at(next, actor, { at: 'waiting', covers, age: since }))
        } else yield step('is answered: its call resolves', resolved(next, actor, process, covers))
      } else if (state.left.timeouts > 0) {
        const stray = reply === 'none' ? [...state.strays, changeOf(letter)] : state.strays
        const deaf = { ...spend(state, 'timeouts'), strays: stray.toSorted(), round: without(state.round, actor) }
        const next = protocol.forgets === 'before' ? deaf : forgetOwn(model, deaf, process)
        yield configuration.journals
          ? step(
              'has no answer: its call is pending',
              at(promisedHere(next, process, covers), actor, { at: 'pending', covers }),
              false,
            )
          : step('has no answer: its call rejects', at(next, actor, { at: 'done' }), false)
      }
      return
    }
    case 'pending':
      yield step(
        `sends ${commandOf(letter)} again`,
        at(state, actor, { at: 'replaying', covers: phase.covers, reply: 'none', age: 0 }),
      )
      return
    case 'replaying':
      if (phase.reply === 'answered') {
        const next = protocol.replayForgets ? forgetOwn(model, state, process) : state
        yield step('is answered: nothing is pending', resolved(next, actor, process, phase.covers))
      }
      return
    case 'waiting':
      if (phase.age + protocol.waitsLess >= configuration.lag) {
        const floors = { ...state.floors, strict: Math.max(state.floors.strict, phase.covers) }
        yield step('has waited: its call resolves', at({ ...state, floors }, actor, { at: 'done' }))
      }
      return
    default:
  }
}

export const changeOf = (letter: Actor['letter']): 'key' | 'clock' => (letter === 'C' ? 'clock' : 'key')

const commandOf = (letter: Actor['letter']): string => (letter === 'C' ? 'CLEAR' : 'UNLINK')

const without = ({ changes, actors }: State['round'], actor: number): State['round'] => ({
  changes,
  actors: actors.filter((one) => one !== actor),
})

function promisedHere(state: State, process: number, version: number): State {
  const own = state.floors.own.with(process, Math.max(state.floors.own[process] ?? 0, version))
  return { ...state, floors: { ...state.floors, own } }
}

function resolved(state: State, actor: number, process: number, version: number): State {
  const { floors, ...rest } = promisedHere(state, process, version)
  const young = [...floors.young, { version, age: 0 }]
  return at({ ...rest, floors: { ...floors, young } }, actor, { at: 'done' })
}
