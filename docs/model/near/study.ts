import type { Configuration } from './configuration.ts'
import { type Protocol, protocol } from './protocol.ts'

/** The protocol with one mistake in it. */
export interface Mutant {
  readonly name: string
  readonly breaks: 'P1' | 'P2' | 'P3' | 'progress'
  readonly protocol: Protocol
  /** A small configuration in which the mistake shows. */
  readonly shownBy: Configuration
}

/** The protocol, but for this. */
export const but = (changed: Partial<Protocol>): Protocol => ({ ...protocol, ...changed })
