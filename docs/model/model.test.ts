import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { large, small } from './configurations.ts'
import { type Exploration, explore } from './explore.ts'
import { mutants } from './mutants.ts'
import { protocol } from './protocol.ts'
import { printed } from './trace.ts'

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ')
const isLarge = process.env.MODEL === 'large'

const count = (number: number) => number.toLocaleString('en-US')
const sizes = ({ states, transitions, depth }: Exploration) => [count(states), count(transitions), depth].join(' | ')
const minutes = 60_000

/** design §1, P1 and P5, in every order of steps; the README shows what was explored. */
describe('the protocol keeps its promises', () => {
  it.each(isLarge ? [...small, ...large] : small)('$name', { timeout: 10 * minutes }, (configuration) => {
    const exploration = explore(protocol, configuration)

    const row = `| ${configuration.name} | ${sizes(exploration)} |`
    console.log(row, `${exploration.seconds.toFixed(1)} s`)
    expect(exploration.violation && printed(exploration.violation)).toBeUndefined()
    expect(readme).toContain(row)
  })
})

describe('a mutant is refuted', () => {
  it.each(mutants)('$name', { timeout: minutes }, ({ name, breaks, protocol: mutated, shownBy }) => {
    const { violation } = explore(mutated, { ...shownBy, name })

    if (!violation) throw new Error('it keeps every promise')
    const row = `| ${name} | ${breaks} | ${violation.trace.length} |`
    console.log(isLarge ? `${name}\n${printed(violation)}\n` : row)
    expect(violation.promise).toContain(`${breaks}:`)
    expect(readme).toContain(row)
  })
})
