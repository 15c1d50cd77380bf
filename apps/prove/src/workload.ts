/** How many do what to how many keys. */
export interface Workload {
  readonly name: string
  /** Processes. */
  readonly workers: number
  /** Callers in each process, who go on one after the other's answer. */
  readonly callers: number
  readonly keys: number
  /** The share of calls that commit a new version and invalidate. */
  readonly writes: number
  /** The share of those that set the new version instead, one writer of a key at a time. */
  readonly sets: number
  /** The share of loaders that fail, and as many decline. */
  readonly failures: number
  /** Bytes that make a value large enough to be evicted. */
  readonly padding: number
  /** The longest pause of a caller between two calls, in milliseconds. */
  readonly pause: number
  readonly leaseTtl: number
  /** Further settings of the Redis under the cache. */
  readonly redis: readonly string[]
}

const usual: Workload = {
  name: 'few keys, many processes',
  workers: 4,
  callers: 6,
  keys: 4,
  writes: 0.05,
  sets: 0,
  failures: 0.02,
  padding: 0,
  pause: 25,
  leaseTtl: 400,
  redis: [],
}

export const topologies = {
  usual,
  'one-key': { ...usual, name: 'one key, many processes', keys: 1, writes: 0.03, leaseTtl: 300 },
  'one-process': { ...usual, name: 'one process, three keys', workers: 1, callers: 20, keys: 3, leaseTtl: 300 },
  'many-keys': { ...usual, name: 'many keys, many processes', keys: 60, padding: 2_000, leaseTtl: 500 },
  setting: { ...usual, name: 'writers that set', writes: 0.1, sets: 0.5 },
  durable: {
    ...usual,
    name: 'appendonly yes, appendfsync always',
    redis: ['--appendonly', 'yes', '--appendfsync', 'always'],
    leaseTtl: 600,
  },
} as const satisfies Record<string, Workload>

export type Topology = keyof typeof topologies

/** A loader has this long; the slowest that is meant takes less than half of it. */
export const loadTimeout = 3_000
/** In milliseconds, before or after the read of the database: mostly short, sometimes longer than any lease. */
export const slowest = 900
export const commandTimeout = 500
