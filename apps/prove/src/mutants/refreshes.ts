import { topologies, type Workload } from '../workload.ts'
import type { Mutant } from './mutant.ts'

const refreshing: Workload = { ...topologies.refresh, keys: 3, writes: 0.06, failures: 0.02 }
const expiring: Workload = { ...refreshing, by: { expire: 1 } }

export const refreshMutants: readonly Mutant[] = [
  {
    name: 'a refresh that another process may run too',
    breaks: 'P5',
    edits: [
      {
        file: 'protocol/scripts/acquire.lua',
        find: "if string.sub(header, 25, 25) == 'r' and standing > 0 then return {0, standing} end",
        put: '',
      },
    ],
    workload: { ...refreshing, writes: 0.002 },
    faults: [],
  },
  {
    name: 'a refresh that fills without compare-and-swap',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/fill.lua',
        find: 'if head ~= ARGV[1] then return 0 end',
        put: "if head ~= ARGV[1] and string.sub(ARGV[1], 1, 1) ~= 'V' then return 0 end",
      },
    ],
    workload: refreshing,
    faults: [],
  },
  {
    name: 'a load that is late fills by a plain SET',
    breaks: 'P1',
    edits: [
      {
        file: 'load/held-lease.ts',
        find: 'const reply = await this.#store.fill(this.#storeKey, this.#lease, entry).catch',
        put: `const plainly = async () => {
      const attempt = { token: newToken(), ttl: 1_000 }
      await this.#store.claim(this.#storeKey, attempt)
      return this.#store.fill(this.#storeKey, { head: Buffer.from('L' + attempt.token), ttl: 1_000 }, entry)
    }
    const isLate = Number(entry.raw.toString('latin1', 61, 69)) > 50
    const reply = await (isLate ? plainly() : this.#store.fill(this.#storeKey, this.#lease, entry)).catch`,
      },
    ],
    workload: refreshing,
    faults: [],
  },
  {
    name: 'an expiry that keeps the id',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/expire.lua',
        find: "redis.call('SETRANGE', KEYS[1], 0, 'V' .. id .. '3-' .. string.rep('0', 26))",
        put: "redis.call('SETRANGE', KEYS[1], 24, '-' .. string.rep('0', 26))",
      },
    ],
    workload: expiring,
    faults: [],
  },
  {
    name: 'joiners share a refresh, whatever its moment',
    breaks: 'P1',
    edits: [
      {
        file: 'load/lead.ts',
        find: 'stood && (await holds) ? current : began',
        put: 'stood && (await holds) ? current : lease?.stale ? Number.POSITIVE_INFINITY : began',
      },
    ],
    workload: refreshing,
    faults: [],
  },
  {
    name: 'a renewal without compare-and-swap',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/renew.lua',
        find: "if head ~= ARGV[1] or string.sub(head, 1, 1) ~= 'V' then return 0 end",
        put: "if string.sub(head, 1, 1) ~= 'V' then return 0 end",
      },
    ],
    workload: { ...expiring, renewals: 1 },
    faults: [],
  },
]
