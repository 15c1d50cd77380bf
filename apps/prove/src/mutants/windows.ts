import { topologies, type Workload } from '../workload.ts'
import type { Mutant } from './mutant.ts'
import { shapedEdits } from './shaped-edits.ts'

/** Writers that meet, on windows that are read in between. */
const busy: Workload = { ...topologies.windows, keys: 3, writes: 0.08, by: { amend: 0.8 }, failures: 0 }
const alone: Workload = { ...busy, keys: 10, by: { amend: 1 } }

const trim = "if kept > 0 then redis.call('LTRIM', KEYS[1], -kept, -1) end"

export const windowMutants: readonly Mutant[] = [
  {
    name: 'an append to a window that is not as it was opened',
    breaks: 'P1',
    edits: [
      {
        file: 'window/scripts/append.lua',
        find: "if head ~= 'V' .. ARGV[1] then return 0 end",
        put: '',
      },
    ],
    workload: { ...busy, by: { amend: 1 }, writes: 0.04, slowestWrite: 500 },
    faults: ['flushall'],
  },
  {
    name: 'an append whose window is opened after its write',
    breaks: 'P1',
    edits: shapedEdits.opensLate,
    workload: { ...busy, by: { amend: 1 } },
    faults: [],
  },
  {
    name: 'an append that is rejected, and voids nothing',
    breaks: 'P1',
    edits: [shapedEdits.voidsNothing],
    workload: busy,
    faults: [],
  },
  {
    name: 'an append that two writers open a window for',
    breaks: 'P4',
    edits: [
      {
        file: 'window/scripts/openWindow.lua',
        find: "string.sub(header, 24, 25) .. string.sub(header, 70, 70) ~= 'V3-v'",
        put: "string.sub(header, 24, 24) .. string.sub(header, 70, 70) ~= 'V3v'",
      },
    ],
    workload: { ...alone, writes: 0.06, barrierTtl: 800 },
    faults: ['kill-after-commit'],
  },
  {
    name: 'a window that is trimmed to one item less',
    breaks: 'P1',
    edits: [{ file: 'window/scripts/append.lua', find: trim, put: trim.replace('-kept', '1 - kept') }],
    workload: alone,
    faults: [],
  },
  {
    name: 'a window that is filled without its lease',
    breaks: 'P1',
    edits: [
      {
        file: 'window/scripts/fillWindow.lua',
        find: "if kind ~= 'string' or redis.call('GETRANGE', KEYS[1], 0, 23) ~= ARGV[1] then return 0 end",
        put: '',
      },
    ],
    workload: busy,
    faults: [],
  },
  {
    name: 'a window that is filled into what stands',
    breaks: 'P1',
    edits: [
      {
        file: 'window/scripts/fillWindow.lua',
        find: "return string.sub(redis.call('LINDEX', KEYS[1], 0), 1, 23) == string.sub(ARGV[2], 1, 23) and 1 or 0",
        put: "if #ARGV > 4 then redis.call('RPUSH', KEYS[1], unpack(ARGV, 5)) end\n  return 1",
      },
    ],
    workload: busy,
    faults: [],
  },
]
