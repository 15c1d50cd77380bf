import { quiet } from './configurations.ts'
import { absent, isLeaseOf, type Scripts } from './key.ts'
import { moments, type Protocol, protocol } from './protocol.ts'
import type { Configuration } from './state.ts'

/** The protocol with one mistake in it. */
export interface Mutant {
  readonly name: string
  readonly breaks: 'P1' | 'P5' | 'progress'
  readonly protocol: Protocol
  /** A small configuration in which the mistake shows. */
  readonly shownBy: Omit<Configuration, 'name'>
}

const { scripts, asOf } = protocol
const withScripts = (changed: Partial<Scripts>): Protocol => ({ ...protocol, scripts: { ...scripts, ...changed } })

const reader = { readers: 1, writers: 0 }
const readers = { readers: 2, writers: 0 }
const writer = { readers: 0, writers: 1 }
const twoAndWriter = { ...quiet, processes: [readers, writer] }
const threeAndWriter = { ...quiet, processes: [readers, { readers: 1, writers: 1 }] }

export const mutants: readonly Mutant[] = [
  {
    name: 'fill without compare-and-swap',
    breaks: 'P1',
    protocol: withScripts({
      fill: (_key, { entry }) => ({ key: { kind: 'value', ...entry }, reply: { kind: 'accepted' } }),
    }),
    shownBy: twoAndWriter,
  },
  {
    name: 'fill accepted where nothing stands',
    breaks: 'P1',
    protocol: withScripts({
      fill: (key, command) =>
        key.kind === 'absent'
          ? { key: { kind: 'value', ...command.entry }, reply: { kind: 'accepted' } }
          : scripts.fill(key, command),
    }),
    shownBy: twoAndWriter,
  },
  {
    name: 'joiner shares a value whose fill was rejected',
    breaks: 'P1',
    protocol: { ...protocol, asOf: { ...asOf, uncertified: moments.filling } },
    shownBy: twoAndWriter,
  },
  {
    name: 'joiner shares an accepted value whose fill was sent before it boarded',
    breaks: 'P1',
    protocol: { ...protocol, asOf: { ...asOf, certified: moments.ended } },
    shownBy: twoAndWriter,
  },
  {
    name: 'joiner shares a value found by an acquire that was sent before it boarded',
    breaks: 'P1',
    protocol: { ...protocol, asOf: { ...asOf, found: moments.ended } },
    shownBy: threeAndWriter,
  },
  {
    name: 'token of a process, not of an attempt',
    breaks: 'P1',
    protocol: { ...protocol, token: (_reader, { process }) => process },
    shownBy: { ...quiet, processes: [{ readers: 2, writers: 1 }, reader] },
  },
  {
    name: 'lease believed though its acquire was sent twice',
    breaks: 'P1',
    protocol: { ...protocol, believesSentTwice: true },
    shownBy: { ...twoAndWriter, resends: 1 },
  },
  {
    name: 'release of whatever stands',
    breaks: 'P5',
    protocol: withScripts({
      release: (key, token) => ({ key: absent, reply: { kind: isLeaseOf(token, key) ? 'released' : 'lost' } }),
    }),
    shownBy: { ...quiet, processes: [reader, reader, reader], endings: ['failed'] },
  },
  {
    name: 'read shares a GET that was already sent',
    breaks: 'P1',
    protocol: { ...protocol, sharesSentReads: true },
    shownBy: threeAndWriter,
  },
  {
    name: 'invalidation that keeps the lease',
    breaks: 'P1',
    protocol: withScripts({
      unlink: (key) => ({ key: key.kind === 'lease' ? key : absent, reply: { kind: 'unlinked' } }),
    }),
    shownBy: twoAndWriter,
  },
  {
    name: 'acquire that steals',
    breaks: 'P5',
    protocol: withScripts({
      acquire: (key, token) =>
        key.kind === 'lease'
          ? { key: { kind: 'lease', token }, reply: { kind: 'acquired' } }
          : scripts.acquire(key, token),
    }),
    shownBy: { ...quiet, processes: [reader, reader] },
  },
  {
    name: 'lease that never ends',
    breaks: 'progress',
    protocol: { ...protocol, leasesExpire: false },
    shownBy: { ...quiet, processes: [reader, reader], deaths: 1 },
  },
]
