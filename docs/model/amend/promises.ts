import type { Model } from './protocol.ts'
import { serves } from './scripts.ts'
import { type Actor, barrierOf, type Items, markOf, none, type State } from './state.ts'

/** The promise that does not hold in this state, in words: of what readers would be served now. */
export function broken(model: Model, state: State): string | undefined {
  const { key, owed, log } = state
  if (key.kind !== 'value' || !serves(model, state)) return undefined
  const { items } = key
  const would = `[${items.join(' ')}] would be served`
  if (new Set(items).size < items.length) return `twice: ${would}`

  const lacks = (item: number) => !items.includes(item)
  const unseen = owed.find(lacks)
  if (unseen !== undefined) return `P1: ${would}, without ${unseen}, which was acknowledged`
  const lost = [...log.keys()].find((item) => lacks(item) && isLost(model, state, item))
  if (lost !== undefined) return `P4: ${would}, without ${lost}: who has committed it is gone, and its time is over`
  const jumped = [...log.keys()].find((item) => lacks(item) && !isExcused(model, state, item) && isJumped(items, item))
  if (jumped !== undefined) return `gap: ${would}, without ${jumped}`
  if (items.some((item, place) => place > 0 && item < (items[place - 1] as number)))
    return `gap: ${would}, out of order`
  return undefined
}

const isJumped = (items: Items, item: number): boolean => items.some((other) => other > item)

/** Its writer has died after it was protected, and that has ended. */
function isLost(model: Model, state: State, item: number): boolean {
  const actor = state.log[item] as number
  if (isExcused(model, state, item) || state.phases[actor]?.at !== 'gone') return false
  return !state.running.includes(markOf(actor)) && !state.running.includes(barrierOf(actor))
}

function isExcused({ actors, configuration }: Model, state: State, item: number): boolean {
  const actor = state.log[item] as number
  const { letter } = actors[actor] as Actor
  if (letter === 'W' || letter === 'C') return configuration.excuses.includes('unmarked')
  return state.bare.includes(actor)
}

/** Nobody waits, and what stands is served, and nobody's. */
export function isSettled(model: Model, state: State): boolean {
  if (state.phases.some((phase) => phase.at === 'asking' || phase.at === 'writing')) return false
  return serves(model, state) && state.key.kind === 'value' && state.key.opened === none
}
