import { send } from './connection.ts'
import { keep } from './journal.ts'
import type { Phase } from './phases.ts'
import { type Floors, raised } from './floors.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, change, phaseOf, type State } from './state.ts'

/** One who commits and then voids, expires or sets the key; packages/core/src/cache/cache.ts. */
export function* writerSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { protocol, configuration, actors } = model
  const { name: who, kind, process } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State, helps = true): Step => ({ who, what, next, helps })

  switch (phase.at) {
    case 'idle':
      if (mayCommit(model, state)) {
        const next = commit(configuration, state)
        const committed = at(next, actor, { at: 'committed', version: next.committed })
        yield step(`commits version ${next.committed}`, committed, false)
      }
      return
    case 'committed': {
      const forgotten = change(state, process, { flight: undefined })
      const covers = state.committed
      if (kind === 'setter') {
        const claiming: Phase = { at: 'claiming', version: phase.version, twice: false, reply: undefined }
        yield step('sets: sends CLAIM', send(model, forgotten, actor, claiming))
      } else if (kind === 'expirer') {
        const expiring: Phase = { at: 'expiring', covers, reply: undefined }
        yield step('expires: sends EXPIRE', send(model, forgotten, actor, expiring))
      } else if (configuration.settles && !configuration.unordered) {
        // A raise voids what stands.
        yield step('settles: sends RAISE', settle(model, forgotten, actor, covers))
      } else {
        const invalidating: Phase = { at: 'invalidating', covers, reply: undefined }
        yield step('invalidates: sends INVALIDATE', send(model, forgotten, actor, invalidating))
      }
      return
    }
    case 'invalidating':
      if (phase.reply && configuration.settles) {
        yield step('settles: sends RAISE', settle(model, state, actor, phase.covers))
      } else if (phase.reply) {
        yield step(...resolved(state, actor, { invalidated: phase.covers }))
      }
      return
    case 'settling':
      if (phase.reply && phase.twice && !protocol.believesSentTwice.includes('raise')) {
        yield step('may have settled twice: its call rejects', refused(model, state, actor, phase.covers))
      } else if (phase.reply) {
        yield step('its call resolves', settled(state, actor, phase.covers))
      }
      return
    case 'expiring':
      if (phase.reply) yield step(...resolved(state, actor, { expired: phase.covers }))
      return
    case 'claiming': {
      const { version, twice, reply } = phase
      if (reply && twice && !protocol.believesSentTwice.includes('claim')) {
        yield step('may have claimed twice: its call rejects', at(state, actor, { at: 'done' }))
      } else if (reply?.kind === 'barred') {
        yield step(...resolved(state, actor, { invalidated: version }))
      } else if (reply) {
        yield step('sends FILL', send(model, state, actor, { at: 'setting', version, reply: undefined }))
      }
      return
    }
    case 'setting':
      if (phase.reply) yield step(...resolved(state, actor, { invalidated: phase.version }))
      return
    default:
  }
}

export function commit({ settles }: Model['configuration'], state: State): State {
  const committed = state.committed + 1
  return { ...state, committed, visible: settles ? state.visible : committed }
}

const settle = (model: Model, state: State, actor: number, covers: number): State =>
  send(model, state, actor, { at: 'settling', covers, twice: false, reply: undefined })

/** A set is as new as its value: while one is under way, nobody else commits. */
export const mayCommit = ({ actors }: Model, { phases }: State): boolean =>
  !actors.some(
    ({ kind }, other) =>
      kind === 'setter' && ['committed', 'claiming', 'setting'].includes(phases[other]?.at ?? 'idle'),
  )

/** A call has resolved, and with it a promise begins. */
export function resolved(state: State, actor: number, floor: Partial<Floors>): [what: string, next: State] {
  const next = at({ ...state, floors: raised(state.floors, floor) }, actor, { at: 'done' })
  return [`its call resolves: version ${Math.max(...Object.values(floor))} or later from now on`, next]
}

/** A call has resolved, but what it promises begins when its part of the barrier is over. */
export function settled(state: State, actor: number, covers: number): State {
  if (!state.running.includes(actor)) return resolved(state, actor, { invalidated: covers })[1]
  return at(state, actor, { at: 'settled', covers })
}

/** A call was not acknowledged: it rejects, or the journal of its process keeps it. */
export function refused(model: Model, state: State, actor: number, covers: number): State {
  const { process } = model.actors[actor] as Actor
  const over = at(state, actor, { at: 'done' })
  return model.configuration.journals ? keep(model, over, process, covers) : over
}
