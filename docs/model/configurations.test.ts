import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { protocol } from './protocol.ts'
import { count, isLarge, readme } from './readme.ts'
import { machineOf } from './steps.ts'
import { large, small } from './studies.ts'
import { printed } from './trace.ts'

const minutes = 60_000

/** design §1, P1, P4 and P5, in every order of steps; the README shows what was explored. */
describe('the protocol keeps its promises', () => {
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
