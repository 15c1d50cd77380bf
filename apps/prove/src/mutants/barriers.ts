import { topologies, type Workload } from '../workload.ts'
import type { Mutant } from './mutant.ts'

const writing: Workload = { ...topologies.barrier, failures: 0 }

export const barrierMutants: readonly Mutant[] = [
  {
    name: 'no barrier: write, then invalidate',
    breaks: 'P4',
    edits: [
      {
        file: 'cache/write.ts',
        find: ';[origin] = await Promise.all([opening, barrier.raise()])',
        put: 'origin = await opening',
      },
      { file: 'cache/write.ts', find: '    schedule()\n    return async', put: '    return async' },
    ],
    // Few writes: none makes up for that of the dead.
    workload: { ...writing, writes: 0.04, keys: 20 },
    faults: ['kill-after-commit'],
    seenAs: 'stale after a dead writer',
  },
  {
    name: 'a barrier that is not kept up',
    breaks: 'P4',
    edits: [{ file: 'cache/write.ts', find: '    schedule()\n    return async', put: '    return async' }],
    workload: { ...writing, by: { mutate: 1 }, slowestWrite: 3_000 },
    faults: [],
  },
  {
    name: 'an invalidation that removes barriers',
    breaks: 'P4',
    edits: [
      {
        file: 'protocol/scripts/invalidate.lua',
        find: 'if length < 37 or (length - 2) % 35 ~= 0 then',
        put: 'if true then',
      },
    ],
    workload: { ...writing, keys: 4, by: { mutate: 0.4 } },
    faults: [],
  },
  {
    name: 'a lower that leaves what stands where its barrier has fallen',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/lower.lua',
        find: "  redis.call('UNLINK', KEYS[1])\n",
        put: "  if mine then redis.call('UNLINK', KEYS[1]) end\n",
      },
    ],
    workload: { ...writing, keys: 6, barrierTtl: 3_000, by: { mutate: 1 }, slowestWrite: 900 },
    faults: ['flushall'],
  },
  {
    name: 'an acquire that takes a lease over a barrier',
    breaks: 'P4',
    edits: [
      {
        file: 'protocol/scripts/acquire.lua',
        find: "if state == 'B' and left >= 0 then return {4} end",
        put: '',
      },
    ],
    workload: { ...writing, keys: 4, by: { mutate: 0.6 } },
    faults: [],
  },
  {
    name: 'a write-through that stores although it met another writer',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/lower.lua',
        find: "and #others == 0 and met == '-' and settle == 0",
        put: 'and #others == 0 and settle == 0',
      },
    ],
    workload: { ...writing, writes: 0.05, by: { writeThrough: 0.8, mutate: 0.2 }, slowestWrite: 300 },
    faults: [],
  },
]
