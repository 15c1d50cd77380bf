import type { Invalidations } from './invalidations.ts'
import type { ResolvedOptions } from './options.ts'
import type { ReadSurroundings } from './read-through.ts'

/** What a cache shares with those that stand on it. */
export interface CacheParts {
  readonly options: ResolvedOptions
  readonly around: ReadSurroundings
  readonly invalidations: Invalidations
  /** @throws {CacheClosedError} */
  readonly refuseWhenClosed: (operation: string) => void
}
