import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { count, isLarge, readme } from './readme.ts'
import { machineOf } from './tags/machine.ts'
import { mutants } from './tags/mutants.ts'
import { protocol } from './tags/protocol.ts'
import { large, small } from './tags/studies.ts'
import { printed } from './trace.ts'

const minutes = 60_000

/** design §1, P1 and P4 of tags and of clear; the README shows what was explored. */
describe('tags and generations keep their promises', () => {
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

describe('a mutant of tags and generations is refuted', () => {
  it.each(mutants)('$name', { timeout: 2 * minutes }, ({ name, breaks, protocol: mutant, shownBy }) => {
    const { violation } = explore(machineOf(mutant, shownBy))

    if (!violation) throw new Error('it keeps every promise')
    const row = `| ${name} | ${breaks} | ${violation.trace.length} |`
    console.log(isLarge ? `${name}\n${printed(violation)}\n` : row)
    expect(violation.promise).toContain(`${breaks}:`)
    expect(readme).toContain(row)
  })
})
