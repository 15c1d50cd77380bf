import type { Ending } from './configuration.ts'
import { send } from './connection.ts'
import { ask, board, end, land, lead, leave, returned, withoutRight } from './flight.ts'
import { isServed, judged } from './freshness.ts'
import { isLease, type Value } from './key.ts'
import { avoids } from './journal.ts'
import { isFlying, type Phase } from './phases.ts'
import { type Floors, raised } from './floors.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, phaseOf, processOf, type State } from './state.ts'

type Acquiring = Extract<Phase, { readonly at: 'acquiring' }>

/** A read, then the flight that it leads; packages/core/src/cache/read-through.ts and load/lead.ts. */
export function* readerSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { protocol, configuration, actors } = model
  const { name: who, process } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State, helps = true): Step => ({ who, what, next, helps })

  switch (phase.at) {
    case 'idle': {
      const since = raised(state.floors, { invalidated: processOf(state, process).pending })
      yield read(model, state, actor, since, false)
      if (protocol.sharesSentReads) yield* sharedReads(model, state, actor, since)
      return
    }
    case 'denied':
      yield read(model, state, actor, phase.since, true)
      return
    case 'reading': {
      const { since, denied, reply } = phase
      if (reply?.kind === 'value') yield* found(model, state, actor, since, denied, reply.value)
      else if (reply) {
        const nothing = { since, denied, away: reply.kind === 'barred', stale: undefined, fallback: undefined }
        yield board(model, state, actor, nothing)
      }
      return
    }
    case 'joined':
      yield* impatient(model, state, actor)
      return
    case 'boarding': {
      const { led, stale } = phase
      const away = phase.away || (protocol.journal.keepsFlightsOut && avoids(model, state, process))
      yield away
        ? step('invokes its loader without a lease', withoutRight(state, actor, led))
        : step('takes off: sends ACQUIRE', ask(model, state, actor, led, stale))
      break
    }
    case 'acquiring':
      yield* acquired(model, state, actor, phase)
      break
    case 'waiting':
      yield step('asks again: sends ACQUIRE', ask(model, state, actor, phase.led, phase.stale))
      break
    case 'leaving':
      yield step('leaves the refresh to another process', leave(model, state, actor))
      break
    case 'loading':
      if (phase.version === undefined) {
        const loaded = at(state, actor, { ...phase, version: state.visible })
        yield step(`reads version ${state.visible} at the database`, loaded)
        break
      }
      for (const ending of configuration.endings) {
        if (ending === 'unchanged' && phase.stale?.version !== phase.version) continue
        yield step(endings[ending], end(model, state, actor, phase, ending))
      }
      break
    case 'filling':
    case 'renewing':
    case 'releasing':
    case 'deferring':
      if (phase.reply) {
        const { certified, uncertified } = protocol.asOf
        const asOf = phase.reply.kind === 'accepted' ? certified : uncertified
        const what = phase.version ? `lands with version ${phase.version}` : 'lands without a value'
        yield step(`${what}: ${phase.at} was ${phase.reply.kind}`, land(model, state, actor, phase.version, asOf))
      }
      break
    default:
      return
  }
  yield* impatient(model, state, actor)
}

const endings: Record<Ending, string> = {
  value: 'its loader returns',
  unchanged: 'its loader says that nothing has changed',
  declined: 'its loader declines caching',
  failed: 'its loader fails',
}

function read(model: Model, state: State, actor: number, since: Floors, denied: boolean): Step {
  const { name: who, process } = model.actors[actor] as Actor
  if (avoids(model, state, process)) {
    const away = { since, denied, away: true, stale: undefined, fallback: undefined }
    const { what, next } = board(model, state, actor, away)
    return { who, what: `may not read: ${what}`, next, helps: denied }
  }
  const next = send(model, state, actor, { at: 'reading', since, denied, reply: undefined })
  return { who, what: denied ? 'reads again: sends GET' : 'begins: sends GET', next, helps: denied }
}

function* sharedReads({ actors }: Model, state: State, actor: number, since: Floors): Generator<Step> {
  const { name: who, process } = actors[actor] as Actor
  for (const [other, { name, process: place }] of actors.entries()) {
    const sent = phaseOf(state, other)
    if (place !== process || sent.at !== 'reading' || !sent.reply) continue
    const next = at(state, actor, { at: 'reading', since, denied: false, reply: sent.reply })
    yield { who, what: `begins: shares the GET of ${name}`, next, helps: false }
  }
}

function* found(
  model: Model,
  state: State,
  actor: number,
  since: Floors,
  denied: boolean,
  value: Value,
): Generator<Step> {
  const { configuration, actors } = model
  const { name: who, process } = actors[actor] as Actor
  const is = judged(configuration, value)
  const serve = (why: string, loaderFailed: boolean): Step => {
    const next = returned(state, actor, since, value.version, loaderFailed)
    return { who, what: `is served version ${value.version}, ${why}`, next, helps: true }
  }
  if (is === 'fallback' && value.mark === 'failed') yield serve('because a load has failed', true)
  else if (is === 'fallback' || is === 'over') {
    const fallback = is === 'fallback' ? value : undefined
    yield board(model, state, actor, { since, denied, away: false, stale: value, fallback })
  } else {
    const served = serve(is, false)
    const isRight = phaseOf(served.next, actor).at === 'done'
    const refreshes = value.mark === 'none' && processOf(state, process).flight === undefined && isRight
    if (is === 'fresh' || !refreshes) yield served
    if (!refreshes || (is === 'fresh' && !configuration.early)) return
    const led = { since: undefined, fallback: undefined, behind: true }
    const next = lead(model, state, actor, led, false, value)
    yield { ...served, what: `${served.what}, and leads a flight behind it`, next }
  }
}

/** What the right to load was answered with. */
function* acquired(
  model: Model,
  state: State,
  actor: number,
  { led, stale, twice, reply }: Acquiring,
): Generator<Step> {
  const { protocol, configuration, actors } = model
  const { name: who } = actors[actor] as Actor
  const step = (what: string, next: State): Step => ({ who, what, next, helps: true })
  if (!reply) return

  if (twice && !protocol.believesSentTwice.includes('acquire')) {
    yield step('may have asked twice: invokes its loader without a lease', withoutRight(state, actor, led))
  } else if (reply.kind === 'acquired') {
    const refreshed = isLease(reply.head) ? undefined : stale
    const loading: Phase = { at: 'loading', led, right: reply.head, stale: refreshed, version: undefined }
    yield step('invokes its loader', at(state, actor, loading))
  } else if (reply.kind === 'barred') {
    yield step('invokes its loader without a lease: a writer is at work', withoutRight(state, actor, led))
  } else if (reply.kind === 'held') {
    yield led.behind
      ? step('finds that another process refreshes it', at(state, actor, { at: 'leaving', led }))
      : step('waits for the holder', at(state, actor, { at: 'waiting', led, stale }))
  } else if (reply.kind === 'value') {
    const { value } = reply
    yield isServed(configuration, value)
      ? step(
          `lands with version ${value.version} of another`,
          land(model, state, actor, value.version, protocol.asOf.found),
        )
      : step('asks for another value that is not fresh: sends ACQUIRE', ask(model, state, actor, led, value))
  }
}

/** What takes too long is not waited for where a value is at hand. The flight goes on. */
function* impatient({ protocol, configuration, actors }: Model, state: State, actor: number): Generator<Step> {
  const phase = phaseOf(state, actor)
  if (!configuration.impatient || !(phase.at === 'joined' || isFlying(phase))) return
  const { since, fallback } = phase.at === 'joined' ? phase : phase.led
  if (!since || !fallback || (fallback.age === 'expired' && !protocol.servesExpiredEarly)) return

  const { name: who } = actors[actor] as Actor
  const what = `does not wait any longer: is served version ${fallback.version}`
  const served = returned(state, actor, since, fallback.version)
  const goesOn = isFlying(phase) && phaseOf(served, actor).at === 'done'
  const led = { since: undefined, fallback: undefined, behind: false }
  yield { who, what, next: goesOn ? at(state, actor, { ...phase, led }) : served, helps: false }
}
