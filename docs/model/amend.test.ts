import { describe, expect, it } from 'vitest'
import { machineOf } from './amend/machine.ts'
import { mutants, unpromised } from './amend/mutants.ts'
import { protocol } from './amend/protocol.ts'
import { large, small } from './amend/studies.ts'
import { explore } from './explore.ts'
import { count, isLarge, readme } from './readme.ts'
import { printed } from './trace.ts'

const minutes = 60_000

/** design §1, P1 and P4 of what is changed in place; the README shows what was explored. */
describe('what is changed in place keeps the promises', () => {
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

describe.each([
  { what: 'a mutant of what is changed in place is refuted', all: mutants },
  { what: 'what is not promised of a change in place does not hold', all: unpromised },
])('$what', ({ all }) => {
  it.each(all)('$name', { timeout: 2 * minutes }, ({ name, breaks, protocol: mutant, shownBy }) => {
    const { violation } = explore(machineOf(mutant, shownBy))

    if (!violation) throw new Error('it keeps every promise')
    const row = `| ${name} | ${breaks} | ${violation.trace.length} |`
    console.log(isLarge ? `${name}\n${printed(violation)}\n` : row)
    expect(violation.promise).toContain(`${breaks}:`)
    expect(readme).toContain(row)
  })
})
