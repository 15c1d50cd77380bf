import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { machineOf } from './near/machine.ts'
import { mutants } from './near/mutants.ts'
import { protocol } from './near/protocol.ts'
import { large, small } from './near/studies.ts'
import { count, isLarge, readme } from './readme.ts'
import { printed } from './trace.ts'

const minutes = 60_000

/** design §1, P1 to P3 of the near cache; the README shows what was explored. */
describe('the near cache keeps its promises', () => {
  it.each(isLarge ? [...small, ...large] : small)(
    '$name',
    { timeout: (isLarge ? 10 : 2) * minutes },
    (configuration) => {
      const { states, transitions, depth, seconds, violation } = explore(machineOf(protocol, configuration))

      const row = `| ${configuration.name} | ${count(states)} | ${count(transitions)} | ${depth} |`
      console.log(row, `${seconds.toFixed(1)} s`)
      expect(violation && printed(violation)).toBeUndefined()
      expect(readme).toContain(row)
    },
  )
})

describe('a mutant of the near cache is refuted', () => {
  it.each(mutants)('$name', { timeout: 2 * minutes }, ({ name, breaks, protocol: mutant, shownBy }) => {
    const { violation } = explore(machineOf(mutant, shownBy))

    if (!violation) throw new Error('it keeps every promise')
    const row = `| ${name} | ${breaks} | ${violation.trace.length} |`
    console.log(isLarge ? `${name}\n${printed(violation)}\n` : row)
    expect(violation.promise).toContain(`${breaks}:`)
    expect(readme).toContain(row)
  })
})
