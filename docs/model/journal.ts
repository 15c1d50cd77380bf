import { commandOf, send } from './connection.ts'
import type { Asking, Phase } from './phases.ts'
import { raised } from './floors.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, change, phaseOf, processOf, type State } from './state.ts'

type Replaying = Extract<Phase, { readonly at: 'replaying' }>

/** What a process does about invalidations that were not acknowledged; packages/core/src/resilience/journal.ts. */
export function* journalSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { name: who } = model.actors[actor] as Actor
  const phase = phaseOf(state, actor)
  if (phase.at === 'pending') {
    const replaying: Asking = { at: 'replaying', covers: phase.covers, added: 0, twice: false, reply: undefined }
    const { op } = commandOf(model, actor, replaying)
    const next = send(model, state, actor, replaying)
    yield { who, what: `replays: sends ${op.toUpperCase()}`, next, helps: true }
  } else if (phase.at === 'replaying' && phase.reply) {
    const { op } = commandOf(model, actor, phase)
    const believes = op === 'invalidate' || !phase.twice || model.protocol.believesSentTwice.includes(op)
    yield believes
      ? { who, what: 'its replay is acknowledged', next: replayed(model, state, actor, phase), helps: true }
      : { who, what: 'may have replayed twice: replays later', next: again(state, actor, phase), helps: true }
  }
}

/** What was replayed is promised from now on, or from when it has settled. */
function replayed(model: Model, state: State, actor: number, { covers, added }: Replaying): State {
  const { configuration, protocol } = model
  const isOver = !configuration.settles || (!state.running.includes(actor) && state.visible >= covers)
  const next = isOver ? { ...state, floors: raised(state.floors, { invalidated: covers }) } : state
  if (added > 0 && protocol.journal.keepsAdded) return at(next, actor, { at: 'pending', covers: added })
  return at(next, actor, isOver ? { at: 'empty' } : { at: 'settled', covers })
}

/** The replay was not answered. */
export const again = (state: State, actor: number, { covers, added }: { covers: number; added: number }): State =>
  at(state, actor, { at: 'pending', covers: Math.max(covers, added) })

/**
 * Keeps an invalidation that was not acknowledged: the reads of its process may not return less from now on, unless
 * what they load may come from a replica that lags.
 */
export function keep(model: Model, state: State, process: number, covers: number): State {
  const journal = journalOf(model, process)
  const phase = phaseOf(state, journal)
  const before = processOf(state, process).pending
  const pending = model.configuration.settles ? before : Math.max(before, covers)
  const kept = change(state, process, { pending, ...(model.protocol.journal.forgetsFlights && { flight: undefined }) })
  if (phase.at === 'replaying') return at(kept, journal, { ...phase, added: Math.max(phase.added, covers) })
  return at(kept, journal, { at: 'pending', covers: phase.at === 'pending' ? Math.max(phase.covers, covers) : covers })
}

/** Whether a process may not read the key: Redis may hold what the process has voided. */
export function avoids(model: Model, state: State, process: number): boolean {
  if (!model.configuration.journals || !model.protocol.journal.keepsReadsOut) return false
  const { at: where } = phaseOf(state, journalOf(model, process))
  return where === 'pending' || where === 'replaying'
}

const journalOf = ({ actors }: Model, process: number): number =>
  actors.findIndex((actor) => actor.kind === 'journal' && actor.process === process)
