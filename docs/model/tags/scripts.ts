import {
  absent,
  type Command,
  type Field,
  gone,
  headOf,
  isSettling,
  leaseOf,
  noFields,
  type Reply,
  type Store,
  type Tag,
  type Tags,
  type Token,
} from './store.ts'

/** Units of the server's clock. */
export const lengths = { barrier: 1000, settle: 600 } as const

export interface Executed {
  readonly store: Store
  readonly reply: Reply
}

type Asked<Op> = Command & { readonly op: Op }
type Script<Op extends Command['op']> = (store: Store, command: Asked<Op>, now: number) => Executed

/**
 * What each command makes of what stands, as the tables of packages/core/src/protocol/scripts say. `now` is the server's
 * clock.
 */
export type Scripts = { readonly [Op in Command['op']]: Script<Op> }

const done: Reply = { kind: 'done' }

/** The hash as it is, or a new one. */
export function whole(store: Store, now: number): Store {
  if (store.tags.id !== '') return store
  const made = store.made + 1
  return { ...store, made, tags: { id: `t${made}`, clock: now, due: [], floor: now, fields: noFields } }
}

/** A field as it reads where it is missing. */
const fieldOf = ({ floor, fields }: Tags, tag: Tag): Field =>
  fields[tag] ?? { void: floor, expired: floor, writers: [] }

/** Gives a new reading, and changes fields by it. What of them is ahead of it is due. */
export function turned(
  found: Store,
  now: number,
  tags: readonly Tag[],
  change: (field: Field, reading: number) => Field,
): Executed {
  const store = whole(found, now)
  const clock = Math.max(store.tags.clock, now) + 1
  const fields = { ...store.tags.fields }
  const readings = new Set(store.tags.due)
  for (const tag of tags) {
    const field = change(fieldOf(store.tags, tag), clock)
    fields[tag] = field
    for (const reading of [field.void, field.expired, ...field.writers.map(({ end }) => end)]) readings.add(reading)
  }
  const due = [...readings].filter((reading) => reading > clock).toSorted((one, other) => one - other)
  return { store: { ...store, tags: { ...store.tags, clock, due, fields } }, reply: done }
}

/** Before when what was loaded is void. */
export const voidBefore = ({ void: before, writers }: Field): number =>
  Math.max(before, ...writers.map(({ end }) => end))

/** Without the writers whose time is over, and without this one. */
export function others({ void: before, expired, writers }: Field, token: Token | undefined, now: number): Field {
  const over = writers.filter(({ end }) => end <= now)
  const left = writers.filter((writer) => writer.end > now && writer.token !== token)
  return { void: Math.max(before, ...over.map(({ end }) => end)), expired, writers: left }
}

const fresh = (store: Store): [name: string, store: Store] => [`g${store.made + 1}`, { ...store, made: store.made + 1 }]

const readingsOf = ({ tags }: Store, asked: readonly Tag[]): Extract<Reply, { kind: 'readings' }>['readings'] => {
  const fields = { ...noFields }
  for (const tag of asked) fields[tag] = tags.fields[tag]
  return { id: tags.id, floor: tags.floor, asked, fields }
}

export const scripts: Scripts = {
  read(store) {
    const value = store.key.kind === 'value' ? store.key : undefined
    return { store, reply: { kind: 'seen', value, generation: store.generation.name } }
  },

  generation: (store) => ({ store, reply: { kind: 'generation', generation: store.generation.name } }),

  readings: (store, { tags }) => ({
    store,
    reply: { kind: 'readings', readings: readingsOf(store, tags), generation: '' },
  }),

  check: (store, { tags }) => ({
    store,
    reply: { kind: 'readings', readings: readingsOf(store, tags), generation: store.generation.name },
  }),

  acquire(store, { token, stale, over }) {
    const { key } = store
    const head = leaseOf(token)
    if (key.kind === 'value' && key.head === stale) return { store, reply: { kind: 'acquired', head: key.head } }
    if (key.kind === 'value' && key.head !== over) return { store, reply: { kind: 'value', value: key } }
    if (key.kind === 'lease' && key.head !== head) return { store, reply: { kind: 'held' } }
    return { store: { ...store, key: { kind: 'lease', head } }, reply: { kind: 'acquired', head } }
  },

  fill(store, { expected, value }) {
    if (headOf(store.key) === value.head) return { store, reply: { kind: 'accepted' } } // a resent command
    if (headOf(store.key) !== expected) return { store, reply: { kind: 'rejected' } }
    return { store: { ...store, key: value }, reply: { kind: 'accepted' } }
  },

  release(store, { expected }) {
    if (headOf(store.key) !== expected) return { store, reply: { kind: 'rejected' } }
    const key = store.key.kind === 'lease' ? absent : store.key // A value that was to be refreshed stays.
    return { store: { ...store, key }, reply: { kind: 'accepted' } }
  },

  claim: (store, { token }) => ({ store: { ...store, key: { kind: 'lease', head: leaseOf(token) } }, reply: done }),

  invalidate: (store) => ({ store: { ...store, key: absent }, reply: done }),

  /** Gives what the clock stands at, which is brought forward by what is due, and by nothing else. */
  moment(found, _command, now) {
    const store = whole(found, now)
    const { id } = store.tags
    const clock = store.tags.due.some((reading) => reading <= now) ? now : store.tags.clock
    const due = store.tags.due.filter((reading) => reading > clock)
    return { store: { ...store, tags: { ...store.tags, clock, due } }, reply: { kind: 'moment', id, reading: clock } }
  },

  bump: (store, { tags, settles }, now) =>
    turned(store, now, tags, (field, reading) => setForward(others(field, undefined, now), reading, settles)),

  expire: (store, { tags }, now) =>
    turned(store, now, tags, (field, reading) => ({ ...others(field, undefined, now), expired: reading })),

  raise: (store, { token, tags }, now) =>
    turned(store, now, tags, (field, reading) => {
      const rest = others(field, token, now)
      const writers = [...rest.writers, { token, end: reading + lengths.barrier }]
      return { ...rest, writers: writers.toSorted((one, other) => one.token - other.token) }
    }),

  lower: (store, { token, tags, settles }, now) =>
    turned(store, now, tags, (field, reading) => setForward(others(field, token, now), reading, settles)),

  /** Made of the token and of the server's time: a late copy makes another. */
  generate(store) {
    if (store.generation.name !== '') return { store, reply: { kind: 'generation', generation: store.generation.name } }
    const [name, next] = fresh(store)
    return { store: { ...next, generation: { name } }, reply: { kind: 'generation', generation: name } }
  },

  /** What has to settle goes on settling. */
  clear(store, { settles }) {
    const [name, next] = fresh(store)
    const settling = settles || isSettling(store.generation.name)
    return { store: { ...next, generation: { name: settling ? `!${name}` : name } }, reply: done }
  },
}

function setForward(field: Field, reading: number, settles: boolean): Field {
  return { ...field, void: Math.max(field.void, settles ? reading + lengths.settle : reading) }
}

export function execute<Op extends Command['op']>(
  all: Scripts,
  store: Store,
  command: Asked<Op>,
  now: number,
): Executed {
  return all[command.op](store, command, now)
}

/** What is lost, alone or with the rest. */
export const lost: Record<'entry' | 'generation' | 'tags', Partial<Store>> = {
  entry: { key: absent },
  generation: { generation: { name: '' } },
  tags: { tags: gone },
}
