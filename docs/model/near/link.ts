import { changed, lost } from './near.ts'
import type { Model, Step } from './protocol.ts'
import { down, type Link, linked, linkOf, nameOf, type State } from './state.ts'

/** The connection of a process over which it hears what changes. A process that stands still takes none of its steps. */
export function* linkSteps(model: Model, state: State, process: number): Generator<Step> {
  const { protocol, configuration } = model
  const { at, sent, told, age, late } = linkOf(state, process)
  const step = (what: string, next: State): Step => ({ who: `process ${nameOf(process)}`, what, next, helps: true })

  if (at === 'down') {
    const isReady = protocol.readyAt === 'the connection'
    const opened: Partial<Link> = { at: 'up', sent: ['track', 0], ready: isReady, age: isReady ? 0 : age }
    yield step('connects: sends TRACKING, SUBSCRIBE and PING', linked(state, process, opened))
  }
  const [first, ...rest] = told
  if (first !== undefined) {
    const next = linked(state, process, { told: rest })
    yield typeof first === 'number'
      ? step('has an answer to its PING', hears(model, next, process, first))
      : step(`hears that ${first} changed`, changed(model, next, process, first))
  }
  if (late >= 0) {
    const next = linked(state, process, { late: -1 })
    yield step('has an answer of the connection before', hears(model, next, process, late))
  }
  const isUnderWay = [...sent, ...told].some((one) => typeof one === 'number')
  if (at === 'up' && age > 0 && !isUnderWay) yield step('sends PING', linked(state, process, { sent: [...sent, 0] }))
  if ((at === 'up' || at === 'silent') && age >= configuration.lag && protocol.replacesSilent) {
    yield step('gives its connection up', close(model, state, process))
  }
}

function hears({ protocol }: Model, state: State, process: number, answered: number): State {
  const { age, ready } = linkOf(state, process)
  const now = protocol.lagFrom === 'the answer' ? 0 : answered
  return linked(state, process, { ready: true, age: ready ? Math.min(age, now) : now })
}

/** The connection is closed, and the process knows it. */
export function close(model: Model, state: State, process: number): State {
  const { protocol, configuration } = model
  const { told, ready } = linkOf(state, process)
  const answers = told.filter((one) => typeof one === 'number')
  const late =
    protocol.readyAt === 'the first answer of any connection' && answers.length > 0 ? Math.min(...answers) : -1
  const next = linked(state, process, { ...down, age: configuration.lag, late })
  return ready ? lost(model, next, process) : next
}
