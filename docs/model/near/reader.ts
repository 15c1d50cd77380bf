import { kept, marked, served } from './near.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, linkOf, nearOf, phaseOf, type State } from './state.ts'

/** Reads what the near cache does not serve, again and again, and fills what it has not found. */
export function* readerSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { protocol, configuration, actors } = model
  const { name: who, process } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State): Step => ({ who, what, next, helps: true })

  switch (phase.at) {
    case 'idle': {
      if (served(model, state, process) > 0) return
      const early = protocol.marksBefore === 'the first'
      const begun = early ? marked(model, state, process) : { state, marked: false }
      yield step('sends GET', at(begun.state, actor, { at: 'reading', marked: begun.marked, reply: undefined }))
      return
    }
    case 'reading': {
      const { reply } = phase
      if (!reply) return
      if (reply.version === 0) {
        yield step('finds nothing: loads, and sends FILL', at(state, actor, { at: 'filling', reply: undefined }))
      } else if (configuration.judgesLater) {
        const begun =
          protocol.marksBefore === 'the second' ? marked(model, state, process) : { state, marked: phase.marked }
        const judging = { at: 'judging', marked: begun.marked, entry: reply, reply: undefined } as const
        yield step(`is given version ${reply.version}: asks what it is judged by`, at(begun.state, actor, judging))
      } else yield step(`is given version ${reply.version}`, read(reply.version, phase.marked))
      return
    }
    case 'judging':
      if (phase.reply === undefined) return
      if (phase.reply === phase.entry.stamp)
        yield step(`finds version ${phase.entry.version} valid`, read(phase.entry.version, phase.marked))
      else yield step('finds it void: loads, and sends FILL', at(state, actor, { at: 'filling', reply: undefined }))
      return
    case 'filling': {
      if (phase.reply === undefined) return
      const idle = at(state, actor, { at: 'idle' })
      const keeps = protocol.keepsFills && phase.reply > 0 && linkOf(state, process).ready
      const near = { ...nearOf(state, process), version: phase.reply }
      yield step('is answered', keeps ? { ...idle, nears: state.nears.with(process, near) } : idle)
      return
    }
    default:
  }

  function read(version: number, isMarked: boolean): State {
    return at(kept(model, state, process, version, isMarked), actor, { at: 'idle' })
  }
}
