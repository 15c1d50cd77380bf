import type { Configuration } from './state.ts'

/** No faults but the end of a lease, which is possible everywhere, and loaders that return. */
export const quiet = {
  endings: ['value'],
  evictions: false,
  deaths: 0,
  resends: 0,
  timeouts: 0,
} as const

const reader = { readers: 1, writers: 0 }
const readers = { readers: 2, writers: 0 }
const writer = { readers: 0, writers: 1 }
const both = { readers: 1, writers: 1 }

/** The name has a letter for each reader and writer, process by process: `RR · W` are two readers in one, a writer in another. */
export const small: readonly Configuration[] = [
  { ...quiet, name: 'RR · RW', processes: [readers, both] },
  { ...quiet, name: 'RR · RW, a process killed', processes: [readers, both], deaths: 1 },
  { ...quiet, name: 'RR · RW, loads declined or failed', processes: [readers, both], endings: ['declined', 'failed'] },
  { ...quiet, name: 'RR · WW, values dropped', processes: [readers, { readers: 0, writers: 2 }], evictions: true },
  { ...quiet, name: 'R · R · W', processes: [reader, reader, writer] },
  { ...quiet, name: 'RR · W, a command sent twice', processes: [readers, writer], resends: 1 },
  { ...quiet, name: 'R · RW, a command sent twice', processes: [reader, both], resends: 1 },
  { ...quiet, name: 'R · RW, an answer not awaited', processes: [reader, both], timeouts: 1 },
]

export const large: readonly Configuration[] = [
  { ...quiet, name: 'R · R · RW', processes: [reader, reader, both] },
  { ...quiet, name: 'RW · RW', processes: [both, both] },
  { ...quiet, name: 'RR · RWW', processes: [readers, { readers: 1, writers: 2 }] },
  { ...quiet, name: 'RRR · RW', processes: [{ readers: 3, writers: 0 }, both] },
  { ...quiet, name: 'RR · RW, a command sent twice', processes: [readers, both], resends: 1 },
  { ...quiet, name: 'R · RW, two commands sent twice', processes: [reader, both], resends: 2 },
  {
    name: 'R · RW, one of every fault',
    processes: [reader, both],
    endings: ['value', 'declined', 'failed'],
    evictions: true,
    deaths: 1,
    resends: 1,
    timeouts: 1,
  },
]
