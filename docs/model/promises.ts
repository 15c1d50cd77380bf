import { isServed } from './freshness.ts'
import { raised, type Wrong, wrong } from './floors.ts'
import { avoids } from './journal.ts'
import type { Model } from './protocol.ts'
import type { State } from './state.ts'

export function broken(model: Model, state: State): string | undefined {
  const { actors } = model
  const { phases, entitled } = state
  for (const [actor, phase] of phases.entries()) {
    if (phase.at !== 'wronged') continue
    const { promise, version, though } = phase.by
    return `${promise}: ${actors[actor]?.name} is given version ${version}, though ${though} before its call began`
  }
  const next = nextWrong(model, state)
  if (next) return `${next.promise}: version ${next.version} stands and would be served, though ${next.though} before`
  const loading = entitled.filter((actor) => {
    const phase = phases[actor]
    return phase?.at === 'loading' && phase.right !== undefined
  })
  if (loading.length < 2) return undefined
  const names = loading.map((actor) => actors[actor]?.name)
  return `P5: the loaders of ${names.join(' and ')} run at once, and nothing has ended the lease of the first`
}

/** What a read that begins now would be given, in one process or another. */
function nextWrong(model: Model, state: State): Wrong | undefined {
  const { key, floors, processes } = state
  if (key.kind !== 'value' || !isServed(model.configuration, key)) return undefined
  const pending = processes.filter((_, process) => !avoids(model, state, process)).map((process) => process.pending)
  return wrong(state, raised(floors, { invalidated: Math.max(0, ...pending) }), key.version)
}
