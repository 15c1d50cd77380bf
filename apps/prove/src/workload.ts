import type { CacheOptions } from '@cache-aside/core'
import {
  type FaultKind,
  journalFaults,
  namespaceFaults,
  nearFaults,
  nearJournalFaults,
  usualFaults,
  writeFaults,
} from './fault-kinds.ts'

/** How many do what to how many keys. */
export interface Workload {
  readonly name: string
  /** Processes. */
  readonly workers: number
  /** Callers in each process, who go on one after the other's answer. */
  readonly callers: number
  readonly keys: number
  /** How many of the processes read; the others only write. Left out: all. */
  readonly readers?: number
  /** Left out: no process has a near cache. */
  readonly near?: Near
  /** Left out: what stands under a key is one string. */
  readonly shape?: EntryShape
  /** Left out: writers tell the cache of keys. */
  readonly groups?: Groups
  /** The share of reads that are of several keys. Such a read does not say whether it is stale. */
  readonly batches: number
  /** The share of calls that commit a new version. */
  readonly writes: number
  /** How writers tell the cache, in shares of those: what is left invalidates. */
  readonly by: Partial<Record<Way, number>>
  /** The longest that a write behind a barrier takes besides its commit, in milliseconds. */
  readonly slowestWrite: number
  /** The share of loaders that fail, and as many decline. */
  readonly failures: number
  /** The share of loaders that say so when they find the stale value unchanged. */
  readonly renewals: number
  /** Bytes that make a value large enough to be evicted. */
  readonly padding: number
  /** The longest pause of a caller between two calls, in milliseconds. */
  readonly pause: number
  readonly leaseTtl: number
  /** How long a read may wait while nobody loads its key, in milliseconds. Left out: for the lease of a dead holder, and a pause. */
  readonly idle?: number
  readonly barrierTtl: number
  /** Further options of the cache, as they go through JSON. */
  readonly options: Omit<CacheOptions, 'namespace' | 'redis'>
  /** Further settings of the Redis under the cache. */
  readonly redis: readonly string[]
  /** What disturbs it. */
  readonly faults: readonly FaultKind[]
}

/** What rows are grouped by. There is a list of each group, and a tag: writers tell the cache of tags, and not of keys. */
export interface Groups {
  readonly count: number
  /** Rows move from one to the next, so that nobody knows the tag of a row before it is loaded. */
  readonly moving: boolean
}

/**
 * Records, whose commits change some of their fields; or windows of a log that each commit appends to. Items weigh from 1
 * to `heaviest`, and a window as much as `limit`.
 */
export type EntryShape =
  | { readonly kind: 'record' }
  | { readonly kind: 'window'; readonly limit: number; readonly heaviest: number }

export const weightOf = (version: number, heaviest: number): number => 1 + (version % heaviest)

/** Near caches, in all processes. */
interface Near {
  /** How far they may be behind: `nearLag`, in milliseconds. */
  readonly lag: number
  /** The share of reads that pass them by. */
  readonly passedBy: number
  /** The share of what voids that does so everywhere. */
  readonly everywhere: number
}

/** A `set` is for one writer of a key at a time; an `amend` changes a record or a window in place. */
export type Way = 'amend' | 'set' | 'expire' | 'clear' | 'mutate' | 'writeThrough'

const usual: Workload = {
  name: 'few keys, many processes',
  workers: 4,
  callers: 6,
  keys: 4,
  batches: 0,
  writes: 0.05,
  by: {},
  slowestWrite: 0,
  failures: 0.02,
  renewals: 0,
  padding: 0,
  pause: 25,
  leaseTtl: 400,
  barrierTtl: 1_500,
  options: { ttl: 20_000 },
  redis: [],
  faults: usualFaults,
}

const tagged: Workload = {
  ...usual,
  name: 'tags that are known',
  keys: 9,
  groups: { count: 3, moving: false },
  by: { expire: 0.1, mutate: 0.4, writeThrough: 0.1, set: 0.1 },
  slowestWrite: 600,
  barrierTtl: 800,
  faults: [...usualFaults, ...Array.from({ length: 3 }, () => [...namespaceFaults, ...writeFaults]).flat()],
}

const nearby: Workload = {
  ...usual,
  name: 'near caches',
  callers: 8,
  keys: 10,
  pause: 10,
  writes: 0.05,
  by: { set: 0.15, expire: 0.15, mutate: 0.2, writeThrough: 0.1 },
  slowestWrite: 300,
  near: { lag: 200, passedBy: 0.2, everywhere: 0 },
  faults: nearFaults,
}

const changed: Workload = {
  ...usual,
  keys: 12,
  writes: 0.06,
  by: { amend: 0.8, mutate: 0.05, clear: 0.01 },
  slowestWrite: 30,
  faults: [...usualFaults, ...Array.from({ length: 3 }, () => writeFaults).flat()],
}

const few: EntryShape = { kind: 'window', limit: 6, heaviest: 1 }
const weighed: EntryShape = { kind: 'window', limit: 14, heaviest: 3 }

const durable = ['--appendonly', 'yes', '--appendfsync', 'always']

const refreshed: Workload['options'] = {
  ttl: 300,
  jitter: 0.3,
  staleWhileRevalidate: 1_200,
  failSafe: 8_000,
  softTimeout: 50,
  earlyRefresh: 3,
  retryAfter: 200,
}

export const topologies = {
  usual,
  'one-key': { ...usual, name: 'one key, many processes', keys: 1, writes: 0.03, leaseTtl: 300 },
  'one-process': { ...usual, name: 'one process, three keys', workers: 1, callers: 20, keys: 3, leaseTtl: 300 },
  'many-keys': { ...usual, name: 'many keys, many processes', keys: 60, padding: 2_000, leaseTtl: 500 },
  setting: { ...usual, name: 'writers that set', writes: 0.1, by: { set: 0.5 } },
  durable: { ...usual, name: 'appendonly yes, appendfsync always', redis: durable, leaseTtl: 600 },
  barrier: {
    ...usual,
    name: 'writers behind barriers',
    keys: 12,
    writes: 0.1,
    by: { mutate: 0.5, writeThrough: 0.3 },
    // Some take longer than a barrier stands without its writer.
    slowestWrite: 1_000,
    barrierTtl: 800,
    // Most of what happens to a worker happens in the middle of a write.
    faults: [...usualFaults, ...Array.from({ length: 6 }, () => writeFaults).flat()],
  },
  refresh: {
    ...usual,
    name: 'refreshed behind, and fail-safe',
    keys: 6,
    writes: 0.04,
    by: { expire: 0.4, mutate: 0.1 },
    failures: 0.08,
    renewals: 0.7,
    leaseTtl: 300,
    options: refreshed,
  },
  journal: {
    ...usual,
    name: 'a journal of what is pending',
    keys: 8,
    writes: 0.06,
    by: { expire: 0.15, mutate: 0.15, writeThrough: 0.2 },
    slowestWrite: 500,
    options: { ttl: 20_000, onUnreachable: 'journal' },
    // What it held before an outage, it holds after it.
    redis: durable,
    faults: [...journalFaults, 'retire', 'retire', 'retire'],
  },
  tags: tagged,
  'tags-dynamic': {
    ...tagged,
    name: 'tags of what is loaded',
    groups: { count: 4, moving: true },
    batches: 0.3,
    // Its readings outlive a restart, and so do the entries.
    redis: durable,
  },
  'tags-refresh': {
    ...tagged,
    name: 'tags, refreshed behind, and fail-safe',
    groups: { count: 4, moving: true },
    by: { expire: 0.4, mutate: 0.1 },
    failures: 0.08,
    renewals: 0.7,
    leaseTtl: 300,
    options: refreshed,
  },
  'tags-journal': {
    ...tagged,
    name: 'a journal of tags that are pending',
    by: { expire: 0.15, mutate: 0.2, clear: 0.05 },
    slowestWrite: 500,
    options: { ttl: 20_000, onUnreachable: 'journal' },
    redis: durable,
    faults: [...journalFaults, 'retire', 'retire', 'retire'],
  },
  near: nearby,
  'near-reader': {
    ...nearby,
    name: 'the near cache of the only process that reads',
    readers: 1,
    keys: 12,
    writes: 0.004,
  },
  'near-everywhere': {
    ...nearby,
    name: 'near caches, voided everywhere',
    by: { mutate: 0.2, clear: 0.05 },
    near: { lag: 200, passedBy: 0.2, everywhere: 1 },
  },
  'near-tags': {
    ...tagged,
    name: 'near caches, and tags',
    callers: 8,
    groups: { count: 4, moving: true },
    batches: 0.2,
    pause: 10,
    // Each of them voids all near caches.
    writes: 0.005,
    by: { expire: 0.1, mutate: 0.3, clear: 0.05, set: 0.05 },
    slowestWrite: 300,
    near: { lag: 200, passedBy: 0.2, everywhere: 0.3 },
    faults: nearFaults,
  },
  'near-refused': {
    ...nearby,
    name: 'near caches that the server refuses',
    redis: ['--user', 'default', 'on', 'nopass', '~*', '&*', '+@all', '-client|tracking'],
  },
  'near-refresh': {
    ...nearby,
    name: 'near caches of what is refreshed behind',
    by: { expire: 0.4, mutate: 0.1 },
    failures: 0.08,
    renewals: 0.7,
    leaseTtl: 300,
    options: refreshed,
  },
  'near-journal': {
    ...nearby,
    name: 'near caches, and a journal',
    // When all is quiet nobody makes up for a set that has failed.
    by: { expire: 0.15, mutate: 0.15, writeThrough: 0.1 },
    options: { ttl: 20_000, onUnreachable: 'journal' },
    redis: durable,
    faults: [...nearJournalFaults, 'retire', 'retire', 'retire'],
  },
  woken: {
    ...usual,
    name: 'waiters that are woken',
    // Its end is no reason to ask again.
    leaseTtl: 5_000,
    idle: 500,
    faults: ['tracking-cut', 'tracking-slow', 'tracking-kill', 'stop', 'block', 'script-flush'],
  },
  records: { ...changed, name: 'records', shape: { kind: 'record' } },
  'records-near': {
    ...nearby,
    name: 'records, and near caches',
    shape: { kind: 'record' },
    by: { amend: 0.7, mutate: 0.1 },
    slowestWrite: 50,
    near: { lag: 200, passedBy: 0, everywhere: 0.3 },
  },
  'records-journal': {
    ...changed,
    name: 'records, and a journal',
    shape: { kind: 'record' },
    options: { ttl: 20_000, onUnreachable: 'journal' },
    redis: durable,
    faults: [...journalFaults, 'retire', 'retire', 'retire'],
  },
  windows: { ...changed, name: 'windows', shape: few },
  'windows-near': {
    ...nearby,
    name: 'windows of so much weight, and near caches',
    shape: weighed,
    by: { amend: 0.7, mutate: 0.1 },
    slowestWrite: 50,
    near: { lag: 200, passedBy: 0, everywhere: 0.3 },
  },
  'windows-journal': {
    ...changed,
    name: 'windows, and a journal',
    shape: weighed,
    options: { ttl: 20_000, onUnreachable: 'journal' },
    redis: durable,
    faults: [...journalFaults, 'retire', 'retire', 'retire'],
  },
  clear: {
    ...usual,
    name: 'writers that clear',
    keys: 8,
    writes: 0.02,
    by: { clear: 0.7, mutate: 0.1 },
    faults: [...usualFaults, ...Array.from({ length: 3 }, () => ['evict-any', 'drop-generation'] as const).flat()],
  },
} as const satisfies Record<string, Workload>

export type Topology = keyof typeof topologies

/** A loader has this long; the slowest that is meant takes less than half of it. */
export const loadTimeout = 3_000
/** In milliseconds, before or after the read of the database: mostly short, sometimes longer than any lease. */
export const slowest = 900
export const commandTimeout = 500
