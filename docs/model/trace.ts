import type { Key } from './key.ts'
import type { Model, Step } from './protocol.ts'
import { initial, type State } from './state.ts'
import { steps } from './steps.ts'

/** A promise that does not hold, and the shortest way to where it does not. */
export interface Violation {
  readonly promise: string
  readonly trace: readonly Step[]
}

/** Goes a way from the beginning again: at each state, which of its steps was taken. */
export function follow(model: Model, choices: readonly number[]): Step[] {
  let state: State = initial(model.configuration)
  return choices.map((choice) => {
    const step = [...steps(model, state)][choice] as Step
    state = step.next
    return step
  })
}

/** One line for each step: who does what, and what stands under the key then. */
export function printed({ promise, trace }: Violation): string {
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length))
  const [whos, whats] = [widest(trace.map(({ who }) => who)), widest(trace.map(({ what }) => what))]
  const lines = trace.map(({ who, what, next }, index) =>
    [String(index + 1).padStart(4), who.padEnd(whos), what.padEnd(whats), shown(next.key)].join('  '),
  )
  return [promise, ...lines].join('\n')
}

function shown(key: Key): string {
  switch (key.kind) {
    case 'absent':
      return 'absent'
    case 'lease':
      return `lease ${key.head}`
    case 'barrier':
      return `barrier ${key.contended ? 'x' : '-'} of ${key.writers.join(', ')}`
    case 'value':
      return `value ${key.head}, version ${key.version}, ${key.age}${key.mark === 'none' ? '' : `, ${key.mark}`}`
    default:
      return key satisfies never
  }
}
