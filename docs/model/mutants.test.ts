import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { isLarge, readme } from './readme.ts'
import { machineOf } from './steps.ts'
import { mutants } from './studies.ts'
import { printed } from './trace.ts'

const minutes = 60_000

describe('a mutant is refuted', () => {
  it.each(mutants)('$name', { timeout: 2 * minutes }, ({ name, breaks, protocol, shownBy }) => {
    const { violation } = explore(machineOf(protocol, shownBy))

    if (!violation) throw new Error('it keeps every promise')
    const row = `| ${name} | ${breaks} | ${violation.trace.length} |`
    console.log(isLarge ? `${name}\n${printed(violation)}\n` : row)
    expect(violation.promise).toContain(`${breaks}:`)
    expect(readme).toContain(row)
  })
})
