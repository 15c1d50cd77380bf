import type { Configuration } from './configuration.ts'
import { type Protocol, protocol } from './protocol.ts'
import { type Scripts, scripts } from './scripts.ts'

/** What is explored of one part of the protocol. */
export interface Study {
  /** Part of `pnpm verify`. */
  readonly small: readonly Configuration[]
  readonly large: readonly Configuration[]
  readonly mutants: readonly Mutant[]
}

/** The protocol with one mistake in it. */
interface Mutant {
  readonly name: string
  readonly breaks: 'P1' | 'P4' | 'P5' | 'progress'
  readonly protocol: Protocol
  /** A small configuration in which the mistake shows. */
  readonly shownBy: Configuration
}

/** The protocol, but for this. */
export const but = (changed: Partial<Protocol>): Protocol => ({ ...protocol, ...changed })
export const butScripts = (changed: Partial<Scripts>): Protocol => but({ scripts: { ...scripts, ...changed } })
