import { topologies, type Workload } from '../workload.ts'
import type { Mutant } from './mutant.ts'
import { shapedEdits } from './shaped-edits.ts'

/** Writers that meet, on records that are read in between. */
const busy: Workload = { ...topologies.records, keys: 3, writes: 0.08, by: { amend: 0.8 }, failures: 0 }
/** Hardly any writer follows another who has died. */
const seldom: Workload = { ...busy, keys: 30, writes: 0.012, by: { amend: 1 }, barrierTtl: 600 }
const near: Workload = { ...topologies['records-near'], by: { amend: 1 }, writes: 0.03 }

export const recordMutants: readonly Mutant[] = [
  {
    name: 'an update of a record that is not as it was opened',
    breaks: 'P1',
    edits: [
      {
        file: 'record/scripts/updateRecord.lua',
        find: "if string.sub(header, 1, 23) ~= 'V' .. ARGV[1] then return 0 end",
        put: '',
      },
    ],
    workload: { ...busy, by: { amend: 1 }, writes: 0.04, slowestWrite: 500 },
    faults: ['flushall'],
  },
  {
    name: 'an update of a record that is gone',
    breaks: 'P1',
    edits: [
      {
        file: 'record/scripts/updateRecord.lua',
        find: "if type(header) ~= 'string' then return 0 end",
        put: `if type(header) ~= 'string' then
  redis.call('UNLINK', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(ARGV, 5, 4 + 2 * ARGV[4]))
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return 1
end`,
      },
    ],
    workload: busy,
    faults: [],
  },
  {
    name: 'an update of what does not exist',
    breaks: 'P1',
    edits: [
      {
        file: 'record/scripts/openRecord.lua',
        find: "if string.sub(header, 1, 1) .. string.sub(header, 24, 25) .. string.sub(header, 70, 70) ~= 'V3-v' then return 0 end",
        put: "if string.sub(header, 1, 1) .. string.sub(header, 24, 25) ~= 'V3-' then return 0 end",
      },
    ],
    workload: { ...busy, keys: 12 },
    faults: [],
  },
  {
    name: 'an update that is rejected, and voids nothing',
    breaks: 'P1',
    edits: [shapedEdits.voidsNothing],
    workload: busy,
    faults: [],
  },
  {
    name: 'a record that is opened after its write',
    breaks: 'P1',
    edits: shapedEdits.opensLate,
    workload: { ...busy, by: { amend: 1 } },
    faults: [],
  },
  {
    name: 'a record that two writers open',
    breaks: 'P4',
    edits: [
      {
        file: 'record/scripts/openRecord.lua',
        find: "string.sub(header, 24, 25) .. string.sub(header, 70, 70) ~= 'V3-v'",
        put: "string.sub(header, 24, 24) .. string.sub(header, 70, 70) ~= 'V3v'",
      },
    ],
    workload: { ...seldom, keys: 10, writes: 0.06 },
    faults: ['kill-after-commit'],
  },
  {
    name: 'a mark of a dead writer that nobody minds',
    breaks: 'P4',
    edits: [shapedEdits.diesUnnoticed],
    workload: seldom,
    faults: ['kill-after-commit'],
  },
  {
    name: 'a record that is filled without its lease',
    breaks: 'P1',
    edits: [
      {
        file: 'record/scripts/fillRecord.lua',
        find: "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end",
        put: '',
      },
    ],
    workload: busy,
    faults: [],
  },
  {
    name: 'a record that is read by two commands',
    breaks: 'P1',
    edits: [
      {
        file: 'record/record-shape.ts',
        find: "const reply = await redis.callBuffer('hmget', [key, ...read]).catch(noValue)\n",
        put: `const half = async (names: string[]) => (await redis.callBuffer('hmget', [key, ...names]).catch(noValue)) as Cells | null
    const first = await half(read.slice(0, 2))
    const second = first && (await half([headerField, ...read.slice(2)]))
    const reply = first && second && [...first, ...second.slice(1)]
`,
      },
    ],
    workload: { ...busy, by: { amend: 1 } },
    faults: ['net-slow-replies'],
  },
  {
    name: 'an update that leaves its own near cache',
    breaks: 'P2',
    edits: [
      {
        file: 'cache/invalidations.ts',
        find: 'await send().finally(() => this.forgetNear(storeKeys, tags.length > 0))',
        put: 'await send()',
      },
    ],
    workload: near,
    faults: ['tracking-slow'],
    seenAs: 'stale in a near cache',
  },
]
