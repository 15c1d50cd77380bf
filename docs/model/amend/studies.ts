import { configuration } from './configuration.ts'

/** Part of `pnpm verify`. */
export const small = [
  configuration('R · A', { deaths: 1, resends: 1, losses: 1, throws: 1 }, 'one of every fault'),
  configuration('R · A · A', { begins: 'absent' }),
  configuration('R · A · A', { deaths: 1 }, 'a process killed'),
  configuration('R · A · A', { resends: 1 }, 'a command sent twice'),
  configuration('R · A · A', { deaths: 1, losses: 1 }, 'a process killed, an answer not awaited'),
  configuration('R · A · A', { throws: 1 }, 'a write that throws'),
  configuration('R · A · A', { deaths: 1, evictions: 1 }, 'a process killed, the key evicted'),
  configuration('R · R · A · A'),
  configuration('R · A · A · A'),
  configuration('R · A · M', { deaths: 1, resends: 1 }, 'a process killed, a command sent twice'),
  configuration('R · A · A · W'),
  configuration('R · A · W', { deaths: 1, resends: 1 }, 'a process killed, a command sent twice'),
  configuration('R · A · A · C'),
  configuration('R · A · C', { deaths: 1, losses: 1 }, 'a process killed, an answer not awaited'),
]

/** Of `pnpm model` too. */
export const large = [
  configuration('R · R · A · A', { deaths: 1 }, 'a process killed'),
  configuration(
    'R · A · A',
    { deaths: 1, resends: 1, losses: 1 },
    'a process killed, a command sent twice, an answer not awaited',
  ),
  configuration('R · A · A', { resends: 2 }, 'two commands sent twice'),
  configuration('R · A · A', { deaths: 2, evictions: 1 }, 'two processes killed, the key evicted'),
  configuration('R · A · A · A', { deaths: 1 }, 'a process killed'),
  configuration('R · A · A · W', { deaths: 1 }, 'a process killed'),
  configuration('R · A · A · M', { deaths: 1 }, 'a process killed'),
  configuration('R · A · A · C', { deaths: 1 }, 'a process killed'),
]
