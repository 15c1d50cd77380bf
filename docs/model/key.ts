/** What stands under the key. */
export type Key =
  | { readonly kind: 'absent' }
  | { readonly kind: 'lease'; readonly token: number }
  | ({ readonly kind: 'value' } & Entry)

interface Entry {
  readonly id: number
  readonly version: number
}

export type Command =
  | { readonly op: 'get' | 'unlink' }
  | { readonly op: 'acquire' | 'release'; readonly token: number }
  | { readonly op: 'fill'; readonly token: number; readonly entry: Entry }

export type Reply =
  | { readonly kind: 'nothing' | 'acquired' | 'held' | 'accepted' | 'rejected' | 'released' | 'lost' | 'unlinked' }
  | { readonly kind: 'value'; readonly version: number }

export interface Executed {
  readonly key: Key
  readonly reply: Reply
}

type Script<Argument = void> = (key: Key, argument: Argument) => Executed

/** The key's state machine: what each command makes of each state, as the tables of packages/core/src/protocol/scripts say. */
export interface Scripts {
  readonly get: Script
  readonly acquire: Script<number>
  readonly fill: Script<{ readonly token: number; readonly entry: Entry }>
  readonly release: Script<number>
  readonly unlink: Script
}

export const absent: Key = { kind: 'absent' }

export const scripts: Scripts = {
  get: (key) => ({ key, reply: key.kind === 'value' ? { kind: 'value', version: key.version } : { kind: 'nothing' } }),

  acquire(key, token) {
    if (key.kind === 'value') return { key, reply: { kind: 'value', version: key.version } }
    if (key.kind === 'lease' && key.token !== token) return { key, reply: { kind: 'held' } }
    return { key: { kind: 'lease', token }, reply: { kind: 'acquired' } }
  },

  fill(key, { token, entry }) {
    if (key.kind === 'value' && key.id === entry.id) return { key, reply: { kind: 'accepted' } } // a resent command
    if (!isLeaseOf(token, key)) return { key, reply: { kind: 'rejected' } }
    return { key: { kind: 'value', ...entry }, reply: { kind: 'accepted' } }
  },

  release(key, token) {
    if (!isLeaseOf(token, key)) return { key, reply: { kind: 'lost' } }
    return { key: absent, reply: { kind: 'released' } }
  },

  unlink: () => ({ key: absent, reply: { kind: 'unlinked' } }),
}

export const isLeaseOf = (token: number, key: Key): boolean => key.kind === 'lease' && key.token === token

export function execute(all: Scripts, key: Key, command: Command): Executed {
  switch (command.op) {
    case 'get':
    case 'unlink':
      return all[command.op](key)
    case 'acquire':
    case 'release':
      return all[command.op](key, command.token)
    case 'fill':
      return all.fill(key, command)
    default:
      return command satisfies never
  }
}
