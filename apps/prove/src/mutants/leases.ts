import { topologies, type Workload } from '../workload.ts'
import type { Mutant } from './mutant.ts'

const busy: Workload = { ...topologies.usual, keys: 2, writes: 0.08, pause: 15 }
/** Hardly any invalidation, so that a second load has no other excuse. */
const reading: Workload = { ...topologies.usual, keys: 12, writes: 0.02, failures: 0.05, leaseTtl: 300 }

export const leaseMutants: readonly Mutant[] = [
  {
    name: 'a fill without compare-and-swap',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/fill.lua',
        find: 'if head ~= ARGV[1] then return 0 end',
        put: "if string.sub(head, 1, 1) == 'V' then return 0 end",
      },
    ],
    workload: busy,
    faults: [],
  },
  {
    name: 'joiners share after a rejected fill',
    breaks: 'P1',
    edits: [
      {
        file: 'load/lead.ts',
        find: 'stood && (await holds) ? current : began',
        put: 'stood === undefined ? began : current',
      },
    ],
    workload: busy,
    faults: [],
  },
  {
    name: 'joiners share whenever they boarded',
    breaks: 'P1',
    edits: [
      {
        file: 'cache/read-through.ts',
        find: "if (boarding.role === 'joiner' && asOf <= boarding.boarded) continue",
        put: '',
      },
    ],
    workload: busy,
    faults: [],
  },
  {
    name: 'a token for each process, not for each attempt',
    breaks: 'P1',
    edits: [
      {
        file: 'load/lead.ts',
        find: 'const token = newToken()',
        put: 'const token = tokenOfProcess',
      },
      {
        file: 'load/lead.ts',
        find: '/** How a flight ended.',
        put: 'const tokenOfProcess = newToken()\n\n/** How a flight ended.',
      },
    ],
    workload: { ...topologies['one-process'], writes: 0.08, keys: 2 },
    faults: [],
  },
  {
    name: 'a release without ownership',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/release.lua',
        find: "if redis.pcall('GETRANGE', KEYS[1], 0, 22) ~= ARGV[1] then return 0 end",
        put: '',
      },
    ],
    workload: { ...reading, writes: 0.1, keys: 4, failures: 0.3 },
    faults: [],
  },
  {
    name: 'a read joins a GET that was sent',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/read.ts',
        find: '    if (this.#open.get(to)?.places === places) this.#open.delete(to)\n    return { raws: await this.#send([...places.keys()]), generations: [] }\n',
        put: `    const raws = await this.#send([...places.keys()]).finally(() => {
      if (this.#open.get(to)?.places === places) this.#open.delete(to)
    })
    return { raws, generations: [] }
`,
      },
    ],
    // Mostly hits, whose replies are late: time for an invalidation by another, and for a read to join.
    workload: { ...busy, workers: 3, callers: 14, keys: 10, writes: 0.04, failures: 0 },
    faults: ['net-slow-replies'],
  },
  {
    name: 'a lease without an end',
    breaks: 'P5',
    edits: [
      {
        file: 'protocol/scripts/acquire.lua',
        find: "redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])",
        put: "redis.call('SET', KEYS[1], 'L' .. ARGV[1])",
      },
      {
        file: 'protocol/scripts/acquire.lua',
        find: "if state == 'L' and left >= 0 then return {0, left} end",
        put: "if state == 'L' then return {0, math.max(left, 100)} end",
      },
    ],
    workload: reading,
    faults: ['kill', 'kill-in-load'],
  },
  {
    name: 'an acquire that takes the lease of another',
    breaks: 'P5',
    edits: [
      {
        file: 'protocol/scripts/acquire.lua',
        find: "if state == 'L' and left >= 0 then return {0, left} end",
        put: '',
      },
    ],
    workload: reading,
    faults: [],
  },
  {
    name: 'an invalidation that leaves the lease',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/invalidate.lua',
        find: "redis.call('UNLINK', key)",
        put: "if state ~= 'L' then redis.call('UNLINK', key) end",
      },
    ],
    workload: busy,
    faults: [],
  },
  {
    name: 'a set that is one plain SET',
    breaks: 'P1',
    edits: [
      {
        file: 'cache/cache.ts',
        find: 'store.claim(inStore, attempt),',
        put: 'store.claim(inStore, { token: freshNow((await entryOf((known ??= await store.origin(namespaceKeys, false)))).raw), ttl: 300_000 }),',
      },
      {
        file: 'cache/cache.ts',
        find: '/** For the caches of this package that stand on another.',
        put: "let known: Origin | undefined\nconst freshNow = (raw: Buffer) => raw.toString('latin1').replace(/^(.{38}).{13}/, `$1${Date.now() + 20_000}`)\n\n/** For the caches of this package that stand on another.",
      },
      {
        file: 'protocol/scripts/claim.lua',
        find: "redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])",
        put: "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])",
      },
    ],
    workload: { ...topologies.setting, writes: 0.3 },
    faults: ['net-no-requests', 'net-black-hole'],
  },
  {
    name: 'a set that does not fence loads off',
    breaks: 'P1',
    edits: [
      {
        file: 'cache/cache.ts',
        find: 'store.claim(inStore, attempt),',
        put: "store.acquire(inStore, attempt).then(({ kind }) => (kind === 'acquired' ? 'claimed' : 'barred')),",
      },
    ],
    workload: { ...topologies.setting, writes: 0.2 },
    faults: [],
  },
  {
    name: 'a lease that is not extended',
    breaks: 'P5',
    edits: [
      {
        file: 'load/held-lease.ts',
        find: 'await this.#store.extend(this.#storeKey, this.#lease)\n',
        put: "'extended' as string\n",
      },
    ],
    workload: { ...reading, leaseTtl: 300 },
    faults: [],
  },
  {
    name: 'a waiter that never asks again',
    breaks: 'P5',
    edits: [
      {
        file: 'load/waiting.ts',
        find: 'clock.after(Math.min(limit, remaining + 1), resolve)',
        put: 'clock.after(1_000_000, resolve)',
      },
      {
        file: 'load/waiting.ts',
        find: 'void watch?.changed.then(',
        put: 'void new Promise(() => {}).then(',
      },
    ],
    workload: reading,
    faults: [],
  },
]
