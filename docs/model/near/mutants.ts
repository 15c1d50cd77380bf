import { configuration } from './configuration.ts'
import { but, type Mutant } from './study.ts'

export const mutants: readonly Mutant[] = [
  {
    name: 'reply kept without a mark',
    breaks: 'P2',
    protocol: but({ marks: 'none' }),
    shownBy: configuration('R · W'),
  },
  {
    name: 'mark that another read of the key sets again',
    breaks: 'P2',
    protocol: but({ marks: 'of the key' }),
    shownBy: configuration('RR · W'),
  },
  {
    name: 'mark that outlives the connection',
    breaks: 'P2',
    protocol: but({ lossVoids: 'values' }),
    shownBy: configuration('R · W', { cuts: 1 }),
  },
  {
    name: 'mark that is set before anything is heard',
    breaks: 'P2',
    protocol: but({ marksUnheard: true }),
    shownBy: configuration('R · W', { hears: false }),
  },
  {
    name: 'mark that is set before the second command',
    breaks: 'P2',
    protocol: but({ marksBefore: 'the second' }),
    shownBy: configuration('R · W', { judgesLater: true }),
  },
  {
    name: 'generation that leaves the reads that are under way',
    breaks: 'P2',
    protocol: but({ clockVoids: 'values' }),
    shownBy: configuration('R · C'),
  },
  {
    name: 'values that outlive the connection',
    breaks: 'P2',
    protocol: but({ lossVoids: 'marks' }),
    shownBy: configuration('R · W', { cuts: 1 }),
  },
  {
    name: 'flush that is not heard',
    breaks: 'P2',
    protocol: but({ hearsFlush: false }),
    shownBy: configuration('R · W', { flushes: 1 }),
  },
  {
    name: 'value kept that a fill has stored',
    breaks: 'P2',
    protocol: but({ keepsFills: true }),
    shownBy: configuration('R · W', { begins: 'absent' }),
  },
  {
    name: 'served while connected',
    breaks: 'P2',
    protocol: but({ lagFrom: 'nothing' }),
    shownBy: configuration('R · W'),
  },
  {
    name: 'lag counted from when the answer came',
    breaks: 'P2',
    protocol: but({ lagFrom: 'the answer' }),
    shownBy: configuration('R · W'),
  },
  {
    name: 'ready before the first answer',
    breaks: 'P2',
    protocol: but({ readyAt: 'the connection' }),
    shownBy: configuration('R · W', { hears: false }),
  },
  {
    name: 'ready by an answer of the connection before',
    breaks: 'P2',
    protocol: but({ readyAt: 'the first answer of any connection' }),
    shownBy: configuration('R · W', { cuts: 1 }),
  },
  {
    name: 'silent connection that is never replaced',
    breaks: 'progress',
    protocol: but({ replacesSilent: false }),
    shownBy: configuration('R', { silences: 1 }),
  },
  {
    name: 'answered before it is told',
    breaks: 'P2',
    protocol: but({ answersFirst: true }),
    shownBy: configuration('R · W'),
  },
  {
    name: 'not forgotten when its invalidation is answered',
    breaks: 'P1',
    protocol: but({ forgets: 'before' }),
    shownBy: configuration('RW'),
  },
  {
    name: 'not forgotten when its replay is answered',
    breaks: 'P1',
    protocol: but({ replayForgets: false }),
    shownBy: configuration('RC', { journals: true, timeouts: 1 }),
  },
  {
    name: 'served though its invalidation is pending',
    breaks: 'P1',
    protocol: but({ servesPending: true }),
    shownBy: configuration('RC', { journals: true, timeouts: 1 }),
  },
  {
    name: 'everywhere that waits before the answer',
    breaks: 'P3',
    protocol: but({ waitsFrom: 'the send' }),
    shownBy: configuration('R · E'),
  },
  {
    name: 'everywhere that waits a tick less',
    breaks: 'P3',
    protocol: but({ waitsLess: 1 }),
    shownBy: configuration('R · E'),
  },
  {
    name: 'reader whose H is longer than that of the writer',
    breaks: 'P3',
    protocol: but({ servesLonger: 1 }),
    shownBy: configuration('R · E'),
  },
]
