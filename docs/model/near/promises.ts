import { served } from './near.ts'
import type { Model } from './protocol.ts'
import { linkOf, nameOf, type State } from './state.ts'

/** The promise that does not hold in this state, in words: of what each near cache would serve now. */
export function broken(model: Model, state: State): string | undefined {
  const { own, aged, strict } = state.floors
  for (const process of state.nears.keys()) {
    const version = served(model, state, process)
    if (version === 0) continue
    const would = `process ${nameOf(process)} would serve version ${version}`
    if (version < (own[process] ?? 0)) return `P1: ${would}, though it has itself invalidated ${own[process]}`
    if (version < strict) return `P3: ${would}, though ${strict} was invalidated everywhere`
    if (version < aged) return `P2: ${would}, though ${aged} was invalidated H ago`
  }
  return undefined
}

/** Nobody waits, and every near cache serves what is committed. */
export function isSettled(model: Model, state: State): boolean {
  if (state.phases.some(({ at }) => ['calling', 'waiting', 'pending', 'replaying'].includes(at))) return false
  return state.nears.every(
    (_near, process) => linkOf(state, process).at === 'none' || served(model, state, process) === state.committed,
  )
}
