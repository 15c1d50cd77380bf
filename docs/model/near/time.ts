import type { Model, Step } from './protocol.ts'
import type { Link, State } from './state.ts'

/** A tick of the clock that all have: whatever stands still, its time passes. */
export function tick({ configuration: { lag } }: Model, state: State): Step {
  const older = (age: number) => Math.min(age + 1, lag)
  const aged = (one: Link['sent'][number] | Link['told'][number]) => (typeof one === 'number' ? older(one) : one)
  const young = state.floors.young.map(({ version, age }) => ({ version, age: age + 1 }))
  const over = young.filter(({ age }) => age >= lag).map(({ version }) => version)
  const next: State = {
    ...state,
    floors: {
      ...state.floors,
      aged: Math.max(state.floors.aged, ...over),
      young: young.filter(({ age }) => age < lag),
    },
    phases: state.phases.map((phase) => ('age' in phase ? { ...phase, age: older(phase.age) } : phase)),
    links: state.links.map((link) => ({
      ...link,
      sent: link.sent.map(aged) as Link['sent'],
      told: link.told.map(aged) as Link['told'],
      age: older(link.age),
      late: link.late < 0 ? -1 : older(link.late),
    })),
  }
  return { who: 'time', what: 'a tick', next, helps: true }
}
