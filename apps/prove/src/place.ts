import type { FaultProxy, HistoryLog, RedisServer } from '@cache-aside/testkit'

/** What a fault is done to. */
export interface Place {
  readonly redis: RedisServer
  readonly log: HistoryLog
  readonly workers: readonly WorkerPlace[]
}

/** When a worker kills itself: while it loads, behind a barrier and before the commit, or after a commit. */
export type Death = 'die-in-load' | 'die-in-write' | 'die-after-commit'

/** A worker and its own way to Redis. */
export interface WorkerPlace {
  /** Changes when it dies and another takes its place. */
  readonly name: string
  readonly proxy: FaultProxy
  pause(): void
  resume(): void
  /** Resolves when it stands still in the middle of a write behind a barrier. False: there was none, and it goes on. */
  pauseInWrite(): Promise<boolean>
  /** By SIGKILL: now, or by its own hand at the next such moment. */
  kill(when: 'now' | Death): Promise<void>
  /** It ends as it should: no more calls, and its cache is closed. */
  retire(): Promise<void>
  /** Its event loop stands still for so long, in milliseconds; then it reads everything before it hears anything. */
  block(ms: number): Promise<void>
}
