import { redisSteps, send } from './connection.ts'
import { faultSteps } from './faults.ts'
import { ask, board, end, land, returned } from './flight.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, change, type Ending, type Phase, phaseOf, type State } from './state.ts'

/** Every step that can be the next. */
export function* steps(model: Model, state: State): Generator<Step> {
  for (const actor of model.actors.keys()) yield* actorSteps(model, state, actor)
  yield* redisSteps(model, state)
  yield* faultSteps(model, state)
}

function* actorSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { protocol, configuration, actors } = model
  const { name: who, kind, process, after } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State, helps = true): Step => ({ who, what, next, helps })

  switch (phase.at) {
    case 'idle': {
      if (after !== undefined && phaseOf(state, after).at === 'idle') return
      if (kind === 'writer') {
        const committed = state.committed + 1
        yield step(`commits version ${committed}`, at({ ...state, committed }, actor, { at: 'committed' }), false)
        return
      }
      const reading: Phase = { at: 'reading', floor: state.floor, denied: false, reply: undefined }
      yield step('begins: sends GET', send(model, state, actor, reading), false)
      if (protocol.sharesSentReads) {
        for (const [other, { process: place }] of actors.entries()) {
          const sent = phaseOf(state, other)
          if (place === process && sent.at === 'reading' && sent.reply) {
            const shared = at(state, actor, { ...reading, reply: sent.reply })
            yield step(`begins: shares the GET of ${actors[other]?.name}`, shared, false)
          }
        }
      }
      return
    }
    case 'reading':
      if (phase.reply?.kind === 'value') {
        yield step(
          `hit, returns version ${phase.reply.version}`,
          returned(state, actor, phase.floor, phase.reply.version),
        )
      } else if (phase.reply) {
        yield board(model, state, actor, phase, false)
      }
      return
    case 'denied':
      yield step(
        'reads again: sends GET',
        send(model, state, actor, { at: 'reading', floor: phase.floor, denied: true, reply: undefined }),
      )
      return
    case 'acquiring': {
      const { floor, twice, reply } = phase
      const loading: Phase = { at: 'loading', floor, leased: true, version: undefined }
      if (reply && twice && !protocol.believesSentTwice) {
        yield step(
          'may have asked twice: invokes its loader without a lease',
          at(state, actor, { ...loading, leased: false }),
        )
      } else if (reply?.kind === 'acquired') {
        yield step('invokes its loader', at(state, actor, loading))
      } else if (reply?.kind === 'held') {
        yield step('waits for the holder', at(state, actor, { at: 'waiting', floor }))
      } else if (reply?.kind === 'value') {
        const next = land(model, state, actor, reply.version, protocol.asOf.found)
        yield step(`is handed version ${reply.version} by ACQUIRE, returns it`, next)
      }
      return
    }
    case 'waiting':
      yield step('asks again: sends ACQUIRE', ask(model, state, actor, phase.floor))
      return
    case 'loading':
      if (phase.version === undefined) {
        const loaded = at(state, actor, { ...phase, version: state.committed })
        yield step(`reads version ${state.committed} at the database`, loaded)
        return
      }
      for (const ending of configuration.endings) {
        const { does, sends } = endings[ending]
        yield step(phase.leased ? `${does}: sends ${sends}` : does, end(model, state, actor, phase, ending))
      }
      return
    case 'filling':
      if (phase.reply) {
        const accepted = phase.reply.kind === 'accepted'
        const next = land(model, state, actor, phase.version, protocol.asOf[accepted ? 'certified' : 'uncertified'])
        yield step(`returns version ${phase.version}, its fill was ${phase.reply.kind}`, next)
      }
      return
    case 'releasing':
      if (phase.reply) {
        const released = phase.reply.kind === 'released'
        const next = land(model, state, actor, phase.version, protocol.asOf[released ? 'certified' : 'uncertified'])
        yield step(
          `${phase.version ? `returns version ${phase.version}` : 'throws'}, its lease was ${phase.reply.kind}`,
          next,
        )
      }
      return
    case 'committed': {
      const forgotten = change(state, process, { flight: undefined })
      const invalidating: Phase = { at: 'invalidating', covers: state.committed, reply: undefined }
      yield step('invalidates: sends UNLINK', send(model, forgotten, actor, invalidating))
      return
    }
    case 'invalidating':
      if (phase.reply) {
        const floor = Math.max(state.floor, phase.covers)
        yield step(
          `its invalidation resolves: version ${phase.covers} or later from now on`,
          at({ ...state, floor }, actor, { at: 'done' }),
        )
      }
      return
    case 'joined':
    case 'done':
    case 'dead':
    case 'wronged':
  }
}

const endings: Record<Ending, { readonly does: string; readonly sends: string }> = {
  value: { does: 'its loader returns', sends: 'FILL' },
  declined: { does: 'its loader declines caching', sends: 'RELEASE' },
  failed: { does: 'its loader fails', sends: 'RELEASE' },
}
