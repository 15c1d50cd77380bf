import {
  absent,
  type Barrier,
  barrierOf,
  type Command,
  type Entry,
  fresh,
  type Head,
  headOf,
  type Key,
  leaseOf,
  type Reply,
} from './key.ts'

export interface Executed {
  readonly key: Key
  readonly reply: Reply
}

/** `running`: the tokens of a barrier whose time is not over. */
type Script<Argument = void> = (key: Key, argument: Argument, running: readonly number[]) => Executed

interface Lowering {
  readonly token: number
  readonly settle: boolean
  readonly entry: Entry | undefined
}

/** The key's state machine: what each command makes of each state, as the tables of packages/core/src/protocol/scripts say. */
export interface Scripts {
  readonly get: Script
  readonly acquire: Script<{ readonly token: number; readonly stale: Head | undefined }>
  readonly fill: Script<{ readonly expected: Head; readonly entry: Entry }>
  readonly renew: Script<{ readonly expected: Head; readonly head: Head }>
  readonly release: Script<Head>
  /** Extends a value whose refresh has failed: it is marked so. */
  readonly defer: Script<Head>
  readonly claim: Script<number>
  readonly invalidate: Script
  readonly expire: Script<number>
  readonly raise: Script<number>
  readonly lower: Script<Lowering>
}

const noBarrier: Barrier = barrierOf(false, [])

export const scripts: Scripts = {
  get(key) {
    if (key.kind === 'value') return { key, reply: { kind: 'value', value: key } }
    return { key, reply: { kind: key.kind === 'barrier' ? 'barred' : 'nothing' } }
  },

  acquire(key, { token, stale }) {
    if (key.kind === 'barrier') return { key, reply: { kind: 'barred' } }
    if (key.kind === 'value') {
      if (key.head !== stale) return { key, reply: { kind: 'value', value: key } }
      if (key.mark === 'refreshing') return { key, reply: { kind: 'held' } }
      return { key: { ...key, mark: 'refreshing' }, reply: { kind: 'acquired', head: key.head } }
    }
    const head = leaseOf(token)
    if (key.kind === 'lease' && key.head !== head) return { key, reply: { kind: 'held' } }
    return { key: { kind: 'lease', head }, reply: { kind: 'acquired', head } }
  },

  fill(key, { expected, entry }) {
    if (headOf(key) === entry.head) return { key, reply: { kind: 'accepted' } } // a resent command
    if (headOf(key) !== expected) return { key, reply: { kind: 'rejected' } }
    return { key: fresh(entry), reply: { kind: 'accepted' } }
  },

  renew(key, { expected, head }) {
    if (headOf(key) === head) return { key, reply: { kind: 'accepted' } } // a resent command
    if (key.kind !== 'value' || key.head !== expected) return { key, reply: { kind: 'rejected' } }
    return { key: fresh({ head, version: key.version }), reply: { kind: 'accepted' } }
  },

  release(key, expected) {
    if (headOf(key) !== expected) return { key, reply: { kind: 'rejected' } }
    return { key: absent, reply: { kind: 'accepted' } }
  },

  defer(key, expected) {
    if (key.kind !== 'value' || key.head !== expected) return { key, reply: { kind: 'rejected' } }
    return { key: { ...key, mark: 'failed' }, reply: { kind: 'accepted' } }
  },

  claim(key, token) {
    if (key.kind === 'barrier') return { key: { ...key, contended: true }, reply: { kind: 'barred' } }
    return { key: { kind: 'lease', head: leaseOf(token) }, reply: { kind: 'claimed' } }
  },

  invalidate: (key) => ({ key: contend(key) ?? absent, reply: { kind: 'void' } }),

  expire(key, token) {
    if (key.kind !== 'value') return { key: contend(key) ?? absent, reply: { kind: 'void' } }
    const head = `${key.head}/${token}`
    return { key: { ...key, head, age: 'expired', mark: 'none' }, reply: { kind: 'void' } }
  },

  raise(key, token, running) {
    const standing = key.kind === 'barrier' ? key : noBarrier
    const others = othersIn(standing, token, running)
    const wasUp = standing.writers.includes(token)
    const contended = others.length > 0 || (wasUp && standing.contended)
    return { key: barrierOf(contended, [...others, token]), reply: { kind: wasUp ? 'up' : 'raised' } }
  },

  lower(key, { token, settle, entry }, running) {
    if (entry && headOf(key) === entry.head) return { key, reply: { kind: 'stored' } } // a resent command
    const standing = key.kind === 'barrier' ? key : noBarrier
    const others = othersIn(standing, token, running)
    const isMine = standing.writers.includes(token)
    if (settle) return { key: barrierOf(true, [...others, token]), reply: { kind: 'lowered' } }
    if (others.length > 0) return { key: barrierOf(!isMine || standing.contended, others), reply: { kind: 'lowered' } }
    if (entry && isMine && !standing.contended) return { key: fresh(entry), reply: { kind: 'stored' } }
    return { key: absent, reply: { kind: 'lowered' } }
  },
}

/** Those whose time is over do not count any more. */
const othersIn = ({ writers }: Barrier, token: number, running: readonly number[]): number[] =>
  writers.filter((writer) => writer !== token && running.includes(writer))

/** A barrier stands, but nothing can be stored any more when it is lowered. */
const contend = (key: Key): Barrier | undefined => (key.kind === 'barrier' ? { ...key, contended: true } : undefined)

export function execute(all: Scripts, key: Key, command: Command, running: readonly number[]): Executed {
  switch (command.op) {
    case 'get':
    case 'invalidate':
      return all[command.op](key, undefined, running)
    case 'acquire':
      return all.acquire(key, command, running)
    case 'fill':
      return all.fill(key, command, running)
    case 'renew':
      return all.renew(key, command, running)
    case 'release':
    case 'defer':
      return all[command.op](key, command.expected, running)
    case 'claim':
    case 'expire':
    case 'raise':
      return all[command.op](key, command.token, running)
    case 'lower':
      return all.lower(key, command, running)
    default:
      return command satisfies never
  }
}
