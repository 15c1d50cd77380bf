import { configuration } from './configuration.ts'
import { protocol } from './protocol.ts'
import { but, type Mutant } from './study.ts'

export const mutants: readonly Mutant[] = [
  {
    name: 'value opened though it is marked',
    breaks: 'gap',
    protocol: but({ opensMarked: 'always' }),
    shownBy: configuration('R · A · A'),
  },
  {
    name: 'value opened though its last writer has died',
    breaks: 'P4',
    protocol: but({ opensMarked: 'when its time is over' }),
    shownBy: configuration('R · A · A', { deaths: 1 }),
  },
  {
    name: 'value opened after the write',
    breaks: 'gap',
    protocol: but({ opens: 'after the write' }),
    shownBy: configuration('R · A · A'),
  },
  {
    name: 'value opened after the write, of one writer',
    breaks: 'twice',
    protocol: but({ opens: 'after the write' }),
    shownBy: configuration('R · A', { begins: 'absent' }),
  },
  {
    name: 'no barrier where a value cannot be opened',
    breaks: 'gap',
    protocol: but({ otherwise: 'invalidates' }),
    shownBy: configuration('R · A · A', { begins: 'absent' }),
  },
  {
    name: 'open believed though it was sent twice',
    breaks: 'twice',
    protocol: but({ believesTwice: true }),
    shownBy: configuration('R · A', { resends: 2 }),
  },
  {
    name: 'amend without compare-and-swap',
    breaks: 'twice',
    protocol: but({ amends: 'anything' }),
    shownBy: configuration('R · A'),
  },
  {
    name: 'amend that keeps the id',
    breaks: 'twice',
    protocol: but({ amends: 'what it has opened or amended' }),
    shownBy: configuration('R · A', { resends: 1 }),
  },
  {
    name: 'amend that brings a cleared value back',
    breaks: 'P1',
    protocol: but({ amendsGeneration: true }),
    shownBy: configuration('R · A · C'),
  },
  {
    name: 'rejected amend that lowers nothing',
    breaks: 'P1',
    protocol: but({ rejectedLowers: false }),
    shownBy: configuration('R · A'),
  },
  {
    name: 'invalidation that takes a mark away',
    breaks: 'P4',
    protocol: but({ invalidateKeepsWriter: false }),
    shownBy: configuration('R · A · W', { deaths: 1 }),
  },
  {
    name: 'raise that takes a mark away',
    breaks: 'P4',
    protocol: but({ raiseKeepsWriter: false }),
    shownBy: configuration('R · A · M', { deaths: 1 }),
  },
  {
    name: 'lower that takes the mark of another away',
    breaks: 'P4',
    protocol: but({ lowerKeepsWriter: false }),
    shownBy: configuration('R · A · A', { deaths: 1 }),
  },
  {
    name: 'lease in place of a void value that is marked',
    breaks: 'P4',
    protocol: but({ markBars: false }),
    shownBy: configuration('R · A · C', { deaths: 1 }),
  },
  {
    name: 'mark that never ends',
    breaks: 'progress',
    protocol: but({ markEnds: false }),
    shownBy: configuration('R · A', { deaths: 1 }),
  },
  {
    name: 'value served though the time of its mark is over',
    breaks: 'P4',
    protocol: but({ markVoids: false }),
    shownBy: configuration('R · A', { deaths: 1 }),
  },
]

/** What the protocol itself does not promise: each is refuted with one excuse less. */
export const unpromised: readonly Mutant[] = [
  {
    name: 'a mark is evicted before its writer commits: nobody dies',
    breaks: 'gap',
    protocol,
    shownBy: configuration('R · A · A', { evictions: 1, excuses: ['late', 'unmarked'] }),
  },
  {
    name: 'a mark is evicted before its writer commits, and dies',
    breaks: 'P4',
    protocol,
    shownBy: configuration('R · A', { evictions: 1, deaths: 1, excuses: ['late', 'unmarked'] }),
  },
  {
    name: 'a write takes longer than its mark stands: nobody dies',
    breaks: 'gap',
    protocol,
    shownBy: configuration('R · A · A', { excuses: ['evicted', 'unmarked'] }),
  },
  {
    name: 'a write takes longer than its mark stands, and its writer dies',
    breaks: 'P4',
    protocol,
    shownBy: configuration('R · A', { deaths: 1, excuses: ['evicted', 'unmarked'] }),
  },
  {
    name: 'a writer commits, and invalidates then',
    breaks: 'gap',
    protocol,
    shownBy: configuration('R · A · W', { excuses: ['evicted', 'late'] }),
  },
  {
    name: 'a writer commits, and dies before it invalidates',
    breaks: 'P4',
    protocol,
    shownBy: configuration('R · W', { deaths: 1, excuses: ['evicted', 'late'] }),
  },
]
