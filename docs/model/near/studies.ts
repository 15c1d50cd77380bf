import { configuration } from './configuration.ts'

/** Part of `pnpm verify`. */
export const small = [
  configuration('R · W'),
  configuration('R · W', { hears: false, silences: 1 }, 'connecting, a connection silent'),
  configuration('R · W', { cuts: 1 }, 'a connection cut'),
  configuration('R · W', { touches: 1 }, 'refreshed'),
  configuration('R · W', { evictions: 1 }, 'evicted'),
  configuration('R · W', { flushes: 1 }, 'flushed'),
  configuration('R · W', { begins: 'absent', lag: 3 }, 'H of 3 ticks'),
  configuration('RR · W'),
  configuration('R · C', { cuts: 1 }, 'a connection cut'),
  configuration('R · C', { judgesLater: true }, 'judged by a second command'),
  configuration('R · E', { lag: 3 }, 'H of 3 ticks'),
  configuration('R · E', { silences: 1 }, 'a connection silent'),
  configuration('RW'),
  configuration('RW', { timeouts: 1 }, 'an answer not awaited'),
  configuration('RC', { journals: true, timeouts: 1 }, 'journal, an answer not awaited'),
]

/** Of `pnpm model` too. */
export const large = [
  configuration('R · WW'),
  configuration('R · WE'),
  configuration('RR · W', { judgesLater: true }, 'judged by a second command'),
  configuration('R · W', { evictions: 1, flushes: 1 }, 'evicted, flushed'),
  configuration('R · C', { cuts: 1, silences: 1 }, 'a connection cut, one silent'),
]
