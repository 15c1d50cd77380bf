import type { Machine } from './explore.ts'

/** Who does what, and what stands then. */
interface Line {
  readonly who: string
  readonly what: string
  readonly stands: string
}

/** A promise that does not hold, and the shortest way to where it does not. */
export interface Violation {
  readonly promise: string
  readonly trace: readonly Line[]
}

/** Goes a way from the beginning again: at each state, which of its steps was taken. */
export function follow<State extends object>(machine: Machine<State>, choices: readonly number[]): Line[] {
  let state = machine.first
  return choices.flatMap((choice) => {
    const step = [...machine.steps(state)][choice]
    if (!step) return []
    state = step.next
    return [{ who: step.who, what: step.what, stands: machine.shown(state) }]
  })
}

/** One line for each step. */
export function printed({ promise, trace }: Violation): string {
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length))
  const [whos, whats] = [widest(trace.map(({ who }) => who)), widest(trace.map(({ what }) => what))]
  const lines = trace.map(({ who, what, stands }, index) =>
    [String(index + 1).padStart(4), who.padEnd(whos), what.padEnd(whats), stands].join('  '),
  )
  return [promise, ...lines].join('\n')
}
