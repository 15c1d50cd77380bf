import type { Configuration } from './configuration.ts'
import { type Protocol, protocol } from './protocol.ts'

/** The protocol with one mistake in it, or with one excuse less. */
export interface Mutant {
  readonly name: string
  readonly breaks: 'P1' | 'P4' | 'gap' | 'twice' | 'progress'
  readonly protocol: Protocol
  /** A small configuration in which the mistake shows. */
  readonly shownBy: Configuration
}

/** The protocol, but for this. */
export const but = (changed: Partial<Protocol>): Protocol => ({ ...protocol, ...changed })
