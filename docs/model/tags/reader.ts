import type { Floors } from '../floors.ts'
import { answered, checked, checks, replyOf, send } from './connection.ts'
import { ask, board, end, ended, fill, land, returned, withoutRight } from './flight.ts'
import { type Model, moments, type Step } from './protocol.ts'
import { type Actor, at, type Led, type Phase, phaseOf, processOf, type State, change } from './state.ts'
import { type Command, isSettling, type Readings, type Reply, type Value } from './store.ts'
import { unasked, type Verdict, verdict } from './validity.ts'

type Read = Extract<Phase, { readonly at: 'reading' | 'completing' }>
type Acquiring = Extract<Phase, { readonly at: 'acquiring' }>
type Judging = Extract<Phase, { readonly at: 'judging' }>
type Late = Extract<Phase, { readonly at: 'late' }>

/** A read, then the flight that it leads; packages/core/src/cache/read-through.ts and load/lead.ts. */
export function* readerSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { name: who } = model.actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State, helps = true): Step => ({ who, what, next, helps })

  switch (phase.at) {
    case 'idle':
      yield step('begins to read', read(model, state, actor, state.floors, false), false)
      return
    case 'denied':
      yield step('reads again', read(model, state, actor, phase.since, true))
      return
    case 'reading':
    case 'completing': {
      const replies = answered(phase)
      if (replies) yield seen(model, state, actor, phase, replies)
      return
    }
    case 'boarding':
      yield phase.led.request.away
        ? step('invokes its loader without a lease', withoutRight(state, actor, phase.led))
        : step('takes off: sends ACQUIRE and MOMENT', ask(model, state, actor, phase.led))
      return
    case 'acquiring': {
      const replies = answered(phase)
      if (replies) yield acquired(model, state, actor, phase, replies)
      return
    }
    case 'judging': {
      const replies = answered(phase)
      if (replies) yield judged(model, state, actor, phase, replies)
      return
    }
    case 'waiting':
      yield step('asks again: sends ACQUIRE and MOMENT', ask(model, state, actor, phase.led))
      return
    case 'loading':
      if (phase.version === undefined) {
        const what = `reads version ${state.visible} at the database`
        yield step(what, at(state, actor, { ...phase, version: state.visible }))
        return
      }
      for (const ending of model.configuration.endings) {
        yield step(`its load ends: ${ending}`, end(model, state, actor, phase, ending))
      }
      return
    case 'late': {
      const replies = answered(phase)
      if (replies) yield step('fills', caughtUp(model, state, actor, phase, replies))
      return
    }
    case 'filling':
    case 'releasing': {
      const replies = answered(phase)
      if (replies) yield ended(model, state, actor, phase, replies)
      return
    }
    default:
  }
}

function read(model: Model, state: State, actor: number, since: Floors, denied: boolean): State {
  const { protocol, configuration, actors } = model
  const { process } = actors[actor] as Actor
  const commands: Command[] = configuration.cluster ? [{ op: 'read' }, { op: 'generation' }] : [{ op: 'read' }]
  const reuses = protocol.reusesReadings && processOf(state, process).known
  if (configuration.expects.length > 0 && !reuses) commands.push({ op: 'readings', tags: configuration.expects })
  return send(model, state, actor, { at: 'reading', since, denied }, commands)
}

/** Judges what was read, or asks for the readings that are missing. */
function seen(model: Model, before: State, actor: number, phase: Read, replies: readonly Reply[]): Step {
  const { protocol, actors } = model
  const { name: who, process } = actors[actor] as Actor
  const { since, denied } = phase
  const reply = replyOf(replies, 'seen')
  const value = phase.at === 'completing' ? phase.value : reply?.value
  const generation =
    phase.at === 'completing'
      ? phase.generation
      : (replyOf(replies, 'generation')?.generation ?? reply?.generation ?? '')
  const fetched = replyOf(replies, 'readings')?.readings
  const state = protocol.reusesReadings && fetched ? change(before, process, { known: fetched }) : before
  const nothing = { since, fallback: undefined, denied }
  const request = { away: false, generation, over: undefined, stale: undefined }
  if (!value) return board(model, state, actor, { ...nothing, request })

  const first = phase.at === 'completing' ? phase.first : (fetched ?? processOf(before, process).known)
  const all = [first, phase.at === 'completing' ? fetched : undefined].filter(
    (one): one is Readings => one !== undefined,
  )
  const is = verdict(protocol, value, generation, all)
  const missing = unasked(value, first?.asked ?? [])
  if (is !== 'void' && phase.at === 'reading' && missing.length > 0 && !protocol.judgesByExpected) {
    const completing = { at: 'completing', since, denied, value, generation, first } as const
    const next = send(model, state, actor, completing, [{ op: 'readings', tags: missing }])
    return { who, what: 'finds tags that it did not expect: sends READINGS', next, helps: true }
  }
  if (is === 'valid') {
    return {
      who,
      what: `is served version ${value.version}`,
      next: returned(state, actor, since, value.version),
      helps: true,
    }
  }
  const { over, stale, fallback } = leftOf(value, is)
  return board(model, state, actor, { ...nothing, fallback, request: { ...request, over, stale } })
}

/** What a value that may not be served is still good for. */
function leftOf(value: Value, is: Verdict): Pick<Led['request'], 'over' | 'stale'> & Pick<Led, 'fallback'> {
  if (is === 'expired') return { over: undefined, stale: value.head, fallback: value }
  return { over: value.head, stale: undefined, fallback: undefined }
}

function acquired(
  model: Model,
  state: State,
  actor: number,
  { led, twice }: Acquiring,
  [right, ...origins]: readonly Reply[],
): Step {
  const { name: who } = model.actors[actor] as Actor
  const step = (what: string, next: State): Step => ({ who, what, next, helps: true })
  const moment = replyOf(origins, 'moment')
  const made = replyOf(origins, 'generation')?.generation
  const generation = made ?? led.request.generation
  const known: Led = { ...led, request: { ...led.request, generation } }

  if (twice) return step('may have asked twice: invokes its loader without a lease', withoutRight(state, actor, known))
  if (right?.kind === 'held') return step('waits for the holder', at(state, actor, { at: 'waiting', led: known }))
  if (right?.kind === 'value') return found(model, state, actor, known, right.value)
  if (right?.kind !== 'acquired' || !moment) throw new Error('acquire was not answered')
  if (isSettling(generation)) {
    return step('invokes its loader without a lease: a clear settles', withoutRight(state, actor, known))
  }
  const origin = { generation, id: moment.id, reading: moment.reading }
  const loading: Phase = { at: 'loading', led: known, right: right.head, origin, version: undefined }
  return step('invokes its loader', at(state, actor, loading))
}

/** Another process has brought a value: its tags and the generation are asked for after the moment that was marked. */
function found(model: Model, state: State, actor: number, led: Led, value: Value): Step {
  const { name: who } = model.actors[actor] as Actor
  if (model.protocol.checksFound === 'never') {
    const next = land(model, state, actor, value.version, moments.asked)
    return { who, what: `lands with version ${value.version} of another`, next, helps: true }
  }
  const next = send(model, state, actor, { at: 'judging', led, value }, checks(model, value.tags))
  return { who, what: `finds version ${value.version} of another: sends CHECK`, next, helps: true }
}

function judged(model: Model, state: State, actor: number, { led, value }: Judging, replies: readonly Reply[]): Step {
  const { protocol, actors } = model
  const { name: who } = actors[actor] as Actor
  const reply = checked(replies)
  if (!reply) throw new Error('the check was not answered')
  const generation = protocol.checksFound === 'old generation' ? led.request.generation : reply.generation
  const is = verdict(protocol, value, generation, [reply.readings])
  if (is === 'valid') {
    const next = land(model, state, actor, value.version, moments.asked)
    return { who, what: `lands with version ${value.version} of another`, next, helps: true }
  }
  const { over, stale } = leftOf(value, is)
  const request = { away: false, generation: reply.generation, over, stale }
  const next = ask(model, state, actor, { ...led, request })
  return { who, what: `finds it ${is}: sends ACQUIRE and MOMENT`, next, helps: true }
}

function caughtUp(model: Model, state: State, actor: number, phase: Late, replies: readonly Reply[]): State {
  const { led, right, version } = phase
  let { origin } = phase
  const { asksAfterLoad } = model.protocol
  const moment = replyOf(replies, 'moment')
  if (moment) origin = { ...origin, id: moment.id, reading: moment.reading }
  const generation = replyOf(replies, 'generation')?.generation
  if (generation !== undefined && asksAfterLoad === 'generation') origin = { ...origin, generation }
  return fill(model, state, actor, { led, right, origin, version }, checked(replies) ? replies : [])
}
