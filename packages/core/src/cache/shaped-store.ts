import {
  endOf,
  freshForOf,
  headOf,
  isNamed,
  isNegative,
  isReadableValue,
  readMark,
  remarked,
  splitEntry,
  valueHead,
} from '../entry/entry.ts'
import { RedisStore } from '../protocol/redis-store.ts'
import type { EntryStore, NamespaceKeys, Store } from '../protocol/store.ts'
import type { Amendment, Opening, Shape } from './shape.ts'

/** Where entries of a shape live. */
export interface ShapedStore<Change> extends EntryStore {
  /** {@link Shape.open} */
  open(key: string, opening: Opening): Promise<boolean>
  amend(key: string, amendment: Amendment<Change>): Promise<'accepted' | 'rejected'>
}

/** A store of which the entries of some keys have a shape: in Redis. In memory they are strings, as all others. */
export function shapedStore<Change>(store: Store, shape: Shape<Change>, namespace: NamespaceKeys): ShapedStore<Change> {
  const shared = {
    now: () => store.now(),
    readings: (...asked) => store.readings(...asked),
    origin: (...asked) => store.origin(...asked),
    renew: (...asked) => store.renew(...asked),
    extend: (...asked) => store.extend(...asked),
    release: (...asked) => store.release(...asked),
  } satisfies Partial<EntryStore>
  return store instanceof RedisStore
    ? { ...shared, ...inRedis(store, shape) }
    : { ...shared, ...inMemory(store, shape, namespace) }
}

type OfShape<Change> = Pick<ShapedStore<Change>, 'read' | 'acquire' | 'fill' | 'open' | 'amend'>

function inRedis<Change>(store: RedisStore, shape: Shape<Change>): OfShape<Change> {
  return {
    async read(key, namespace, tags) {
      // Sent together: one round trip.
      const [raw, readings] = await Promise.all([
        store.send((redis) => shape.read(redis, key), key),
        store.readings(namespace, tags),
      ])
      return { ...readings, raw }
    },
    acquire: (key, attempt) => store.sendOnce((redis) => shape.acquire(redis, key, attempt), key),
    fill: (key, lease, entry) => store.send((redis) => shape.fill(redis, key, lease, entry), key),
    open: (key, opening) => store.sendOnce((redis) => shape.open(redis, key, opening), key),
    amend: (key, amendment) => store.send((redis) => shape.amend(redis, key, amendment), key),
  }
}

function inMemory<Change>(store: Store, shape: Shape<Change>, namespace: NamespaceKeys): OfShape<Change> {
  return {
    read: (...asked) => store.read(...asked),
    acquire: (...asked) => store.acquire(...asked),
    fill: (...asked) => store.fill(...asked),
    async open(key, { id, ttl, format }) {
      const { raw } = await store.read(key, namespace, [])
      if (!raw || !isReadableValue(raw) || isNegative(raw) || readMark(raw) || !isNamed(raw, format)) return false
      const left = Math.max(1, endOf(raw) - store.now())
      const lease = { head: headOf(raw), ttl: left }
      const marked = { raw: remarked(raw, id, store.now() + ttl), freshFor: left, ttl: left }
      return (await store.fill(key, lease, marked)) === 'accepted'
    },
    async amend(key, { opened, id, change }) {
      const { raw } = await store.read(key, namespace, [])
      if (!raw || !headOf(raw).equals(valueHead(opened))) return 'rejected'
      const { header, payload } = splitEntry(remarked(raw, id))
      const changed = Buffer.concat([header, Buffer.from('\n'), shape.amended(payload, change)])
      const ttl = freshForOf(raw)
      return store.fill(key, { head: valueHead(opened), ttl }, { raw: changed, freshFor: ttl, ttl })
    },
  }
}
