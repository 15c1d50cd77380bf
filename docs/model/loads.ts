import { configuration } from './configuration.ts'
import { absent, fresh, headOf } from './key.ts'
import { moments, protocol } from './protocol.ts'
import { scripts } from './scripts.ts'
import { but, butScripts, type Study } from './study.ts'

const { asOf } = protocol
const readersAndWriter = configuration('RR · W')
const threeAndWriter = configuration('RR · RW')

/** Readers that load, and writers that invalidate. */
export const loads: Study = {
  small: [
    configuration('RR · RW'),
    configuration('RR · RW', { deaths: 1 }, 'a process killed'),
    configuration('RR · RW', { endings: ['declined', 'failed'] }, 'loads declined or failed'),
    configuration('RR · WW', { evictions: true }, 'values dropped'),
    configuration('R · R · W'),
    configuration('RR · W', { resends: 1 }, 'a command sent twice'),
    configuration('R · RW', { resends: 1 }, 'a command sent twice'),
    configuration('R · RW', { timeouts: 1 }, 'an answer not awaited'),
  ],
  large: [
    configuration('R · R · RW'),
    configuration('RW · RW'),
    configuration('RR · RWW'),
    configuration('RRR · RW'),
    configuration('RR · RW', { resends: 1 }, 'a command sent twice'),
    configuration('R · RW', { resends: 2 }, 'two commands sent twice'),
    configuration(
      'R · RW',
      { endings: ['value', 'declined', 'failed'], evictions: true, deaths: 1, resends: 1, timeouts: 1 },
      'one of every fault',
    ),
  ],
  mutants: [
    {
      name: 'fill without compare-and-swap',
      breaks: 'P1',
      protocol: butScripts({ fill: (_key, { entry }) => ({ key: fresh(entry), reply: { kind: 'accepted' } }) }),
      shownBy: readersAndWriter,
    },
    {
      name: 'fill accepted where nothing stands',
      breaks: 'P1',
      protocol: butScripts({
        fill: (key, command, running) =>
          key.kind === 'absent'
            ? { key: fresh(command.entry), reply: { kind: 'accepted' } }
            : scripts.fill(key, command, running),
      }),
      shownBy: readersAndWriter,
    },
    {
      name: 'joiner shares a value whose fill was rejected',
      breaks: 'P1',
      protocol: but({ asOf: { ...asOf, uncertified: moments.filling } }),
      shownBy: readersAndWriter,
    },
    {
      name: 'joiner shares an accepted value whose fill was sent before it boarded',
      breaks: 'P1',
      protocol: but({ asOf: { ...asOf, certified: moments.ended } }),
      shownBy: readersAndWriter,
    },
    {
      name: 'joiner shares a value found by an acquire that was sent before it boarded',
      breaks: 'P1',
      protocol: but({ asOf: { ...asOf, found: moments.ended } }),
      shownBy: threeAndWriter,
    },
    {
      name: 'token of a process, not of an attempt',
      breaks: 'P5',
      protocol: but({ token: (_actor, { process }) => process }),
      shownBy: configuration('RRW · R'),
    },
    {
      name: 'lease believed though its acquire was sent twice',
      breaks: 'P1',
      protocol: but({ believesSentTwice: ['acquire'] }),
      shownBy: configuration('RR · W', { resends: 1 }),
    },
    {
      name: 'release of whatever stands',
      breaks: 'P5',
      protocol: butScripts({
        release: (key, expected) => ({
          key: absent,
          reply: { kind: headOf(key) === expected ? 'accepted' : 'rejected' },
        }),
      }),
      shownBy: configuration('R · R · R', { endings: ['failed'] }),
    },
    {
      name: 'read shares a GET that was already sent',
      breaks: 'P1',
      protocol: but({ sharesSentReads: true }),
      shownBy: threeAndWriter,
    },
    {
      name: 'invalidation that keeps the lease',
      breaks: 'P1',
      protocol: butScripts({
        invalidate: (key) => ({ key: key.kind === 'lease' ? key : absent, reply: { kind: 'void' } }),
      }),
      shownBy: readersAndWriter,
    },
    {
      name: 'acquire that steals',
      breaks: 'P5',
      protocol: butScripts({
        acquire: (key, attempt, running) => scripts.acquire(key.kind === 'lease' ? absent : key, attempt, running),
      }),
      shownBy: configuration('R · R'),
    },
    {
      name: 'lease that never ends',
      breaks: 'progress',
      protocol: but({ endless: ['lease'] }),
      shownBy: configuration('R · R', { deaths: 1 }),
    },
  ],
}
