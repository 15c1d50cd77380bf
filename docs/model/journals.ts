import { configuration } from './configuration.ts'
import { protocol } from './protocol.ts'
import { but, type Study } from './study.ts'

const keeps = { journals: true } as const
const { journal } = protocol

/** Invalidations that were not acknowledged, and are kept until they are. */
export const journals: Study = {
  small: [
    configuration('RW · R', { ...keeps, begins: 'value', timeouts: 2 }, 'journal, two answers not awaited'),
    configuration(
      'RE · R',
      { ...keeps, begins: 'value', expired: 'fallback', timeouts: 1 },
      'journal, an answer not awaited',
    ),
    configuration('RR · M', { ...keeps, timeouts: 1 }, 'journal, an answer not awaited'),
    configuration('RT · R', { ...keeps, begins: 'value', timeouts: 1 }, 'journal, an answer not awaited'),
    configuration('RW · R', { ...keeps, settles: true, timeouts: 1 }, 'journal, settles, an answer not awaited'),
    configuration(
      'R · W',
      { ...keeps, settles: true, timeouts: 1, resends: 1 },
      'journal, settles, an answer not awaited, a command sent twice',
    ),
    configuration('R · M', { ...keeps, settles: true, timeouts: 2 }, 'journal, settles, two answers not awaited'),
  ],
  large: [
    configuration('RRW · R', { ...keeps, timeouts: 1 }, 'journal, an answer not awaited'),
    configuration(
      'RW · R',
      { ...keeps, settles: true, timeouts: 1, resends: 1 },
      'journal, settles, an answer not awaited, a command sent twice',
    ),
  ],
  mutants: [
    {
      name: 'key read though its invalidation is pending',
      breaks: 'P1',
      protocol: but({ journal: { ...journal, keepsReadsOut: false } }),
      shownBy: configuration('W', { ...keeps, begins: 'value', timeouts: 1 }),
    },
    {
      name: 'flight that takes off though an invalidation is pending',
      breaks: 'P1',
      protocol: but({ journal: { ...journal, keepsFlightsOut: false } }),
      shownBy: configuration('RRW · R', { ...keeps, timeouts: 1 }),
    },
    {
      name: 'flight joined though it took off before an invalidation had failed',
      breaks: 'P1',
      protocol: but({ journal: { ...journal, forgetsFlights: false } }),
      shownBy: configuration('RRW · R', { ...keeps, timeouts: 1 }),
    },
    {
      name: 'replay that clears what was added after it was sent',
      breaks: 'P1',
      protocol: but({ journal: { ...journal, keepsAdded: false } }),
      shownBy: configuration('WW · R', { ...keeps, timeouts: 2 }),
    },
    {
      name: 'replay that does not settle',
      breaks: 'P1',
      protocol: but({ journal: { ...journal, settles: false } }),
      shownBy: configuration('R · W', { ...keeps, settles: true, timeouts: 1 }),
    },
  ],
}
