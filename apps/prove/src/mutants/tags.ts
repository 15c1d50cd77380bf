import { topologies, type Workload } from '../workload.ts'
import type { Mutant } from './mutant.ts'

/** Told of by invalidations alone, and no value by `set`. */
const tagged: Workload = { ...topologies.tags, keys: 4, groups: { count: 2, moving: false }, by: {}, failures: 0 }
const moving: Workload = { ...tagged, groups: { count: 3, moving: true } }
/** Many values that are seldom read: what has been voided stays there until a mistake brings it back. */
const cold: Workload = { ...tagged, keys: 60, groups: { count: 6, moving: false }, writes: 0.1 }
const writing: Workload = { ...tagged, by: { mutate: 0.9 }, writes: 0.1 }
/** Two writers at a time, now and then, whose barriers are not soon put up again. */
const overlapping = { writes: 0.03, slowestWrite: 900, barrierTtl: 3_000 }
const clearing: Workload = { ...topologies.clear, keys: 4, writes: 0.05, by: { clear: 1 } }
const refreshing: Workload = { ...topologies['tags-refresh'], keys: 3, writes: 0.06, failures: 0.02 }
const pending: Workload = { ...topologies['tags-journal'], writes: 0.05, by: {} }

const originAfterLoad = {
  file: 'load/lead.ts',
  find: 'origin: lease.origin, tags }',
  put: 'origin: await validity.origin(undefined, true), tags }',
}

export const tagMutants: readonly Mutant[] = [
  {
    name: 'a tag clock that is read after the load',
    breaks: 'P1',
    edits: [originAfterLoad],
    workload: tagged,
    faults: [],
  },
  {
    name: 'a generation that is read after the load',
    breaks: 'P1',
    edits: [originAfterLoad],
    workload: clearing,
    faults: [],
  },
  {
    name: 'joiners whose tags are not asked for again',
    breaks: 'P1',
    edits: [
      {
        file: 'load/lead.ts',
        find: 'lease && flight.joinedSince(began) ? validity.holds(lease.origin, tags) : true',
        put: 'lease && flight.joinedSince(Number.POSITIVE_INFINITY) ? validity.holds(lease.origin, tags) : true',
      },
    ],
    workload: tagged,
    faults: [],
  },
  {
    name: 'joiners who go by the readings of an earlier load',
    breaks: 'P1',
    edits: [
      {
        file: 'tags/validity.ts',
        find: 'const { generation, tags: readings } = await this.#store.readings(this.#namespace, tags)',
        put: 'const { generation, tags: readings } = await (this.#last[tags.join()] ??= this.#store.readings(this.#namespace, tags))',
      },
      {
        file: 'tags/validity.ts',
        find: '  readonly #namespace: NamespaceKeys\n',
        put: '  readonly #namespace: NamespaceKeys\n  readonly #last: Record<string, Promise<NamespaceReadings>> = {}\n',
      },
    ],
    workload: tagged,
    faults: [],
  },
  {
    name: 'a value of another process whose tags are not asked for',
    breaks: 'P1',
    edits: [
      {
        file: 'load/lead.ts',
        find: "if (seen.kind === 'value') seen = await validity.judgeFound(storeKey, seen, tags.declared)",
        put: '',
      },
    ],
    workload: tagged,
    faults: [],
  },
  {
    name: 'tags that nobody expected are not asked for',
    breaks: 'P1',
    edits: [
      {
        file: 'tags/validity.ts',
        find: 'if (tags.every((tag) => readings.tags?.of.has(tag) === true)) return judged(seen, readings, tags)',
        put: 'return judged(seen, readings, tags.filter((tag) => readings.tags?.of.has(tag)))',
      },
    ],
    workload: moving,
    faults: [],
  },
  {
    name: 'readings that are asked for together with those that were sent',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/tag-read-batch.ts',
        find: 'if (this.#open.get(tagClock)?.tags === tags) this.#open.delete(tagClock)',
        put: 'setTimeout(() => this.#open.delete(tagClock), 30)',
      },
    ],
    workload: tagged,
    faults: [],
  },
  {
    name: 'a lost tag clock that reads as never set forward',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/tag-clock.ts',
        find: 'return { id: undefined, clock: 0, of: new Map() }',
        put: "return { id: '', clock: 0, of: new Map(tags.map((tag) => [tag, { voidBefore: 0, expiredBefore: 0 }])) }",
      },
      {
        file: 'entry/origin.ts',
        find: "if (!moment || !readings || readings.id !== moment.id) return 'void'",
        put: "if (!moment || !readings) return 'void'",
      },
    ],
    workload: cold,
    faults: ['drop-tags'],
  },
  {
    name: 'a tag clock made anew that is not told from the lost one',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/moment.lua',
        find: "string.sub(redis.sha1hex(ARGV[1] .. time[1] .. '.' .. time[2]), 1, 16), 0",
        put: "string.rep('0', 16), 0",
      },
      {
        file: 'protocol/scripts/moment.lua',
        find: "'floor', string.format('%016.0f', now)",
        put: "'floor', string.rep('0', 16)",
      },
      {
        file: 'protocol/scripts/bump.lua',
        find: "id = string.sub(redis.sha1hex(ARGV[1] .. time[1] .. '.' .. time[2]), 1, 16)",
        put: "id = string.rep('0', 16)",
      },
      {
        file: 'protocol/scripts/bump.lua',
        find: 'clock, floor, dues = 0, now,',
        put: 'clock, floor, dues = 0, 0,',
      },
    ],
    workload: cold,
    faults: ['drop-tags'],
  },
  {
    name: 'a generation that is counted',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/generation.lua',
        find: "local fresh = string.sub(redis.sha1hex(ARGV[1] .. time[1] .. '.' .. time[2]), 1, 16)",
        put: "local fresh = string.rep('0', 16)",
      },
      {
        file: 'protocol/scripts/clear.lua',
        find: "local fresh = string.sub(redis.sha1hex(ARGV[1] .. standing .. time[1] .. '.' .. time[2]), 1, 16)",
        put: "local fresh = string.format('%016.0f', (tonumber(standing) or 0) + 1)",
      },
    ],
    workload: { ...clearing, keys: 60 },
    faults: ['drop-generation'],
  },
  {
    name: 'a clear that leaves the generation',
    breaks: 'P1',
    edits: [
      {
        file: 'protocol/scripts/clear.lua',
        find: "  redis.call('SET', KEYS[1], fresh)\n",
        put: "  redis.call('SETNX', KEYS[1], fresh)\n",
      },
    ],
    workload: clearing,
    faults: [],
  },
  {
    name: 'an expiry of a tag that nobody minds',
    breaks: 'P1',
    edits: [
      {
        file: 'entry/origin.ts',
        find: "if (reading.expiredBefore > moment.reading) judged = 'expired'",
        put: "if (reading.expiredBefore > moment.reading) judged = 'valid'",
      },
    ],
    workload: { ...tagged, by: { expire: 0.8 } },
    faults: [],
  },
  {
    name: 'a renewal with the moment of its end',
    breaks: 'P1',
    edits: [
      {
        file: 'load/lead.ts',
        find: '  if (kept && isSameSet(tags, kept.tags)) return',
        put: '  if (kept) Object.assign(lease, { origin: await validity.origin(undefined, true) })\n  if (kept && isSameSet(tags, kept.tags)) return',
      },
    ],
    workload: { ...refreshing, by: { expire: 0.9 }, renewals: 1 },
    faults: [],
  },
  {
    name: 'no barrier of tags: write, then invalidate',
    breaks: 'P4',
    edits: [
      {
        file: 'cache/write.ts',
        find: 'const tags = storeTags.length > 0 ? this.#raiseTags() : undefined',
        put: 'const tags = undefined',
      },
      {
        file: 'cache/write.ts',
        find: 'if (tags.length > 0) parts.push(again(tags.join(), () => this.#raiseTags()))',
        put: '',
      },
    ],
    // Few writes: none makes up for that of the dead.
    workload: { ...writing, writes: 0.03, keys: 16, groups: { count: 12, moving: false } },
    faults: ['kill-after-commit'],
    seenAs: 'stale after a dead writer',
  },
  {
    name: 'a barrier of tags that is an invalidation before the write',
    breaks: 'P4',
    edits: [
      {
        file: 'protocol/scripts/bump.lua',
        find: "table.insert(writers, writer .. string.format('%016.0f', forward))\n    last = math.max(last, forward)",
        put: 'void = math.max(void, clock)',
      },
    ],
    workload: writing,
    faults: [],
  },
  {
    name: 'a barrier of tags that is not kept up',
    breaks: 'P4',
    edits: [
      {
        file: 'cache/write.ts',
        find: 'if (tags.length > 0) parts.push(again(tags.join(), () => this.#raiseTags()))',
        put: '',
      },
    ],
    // Rare, so that no other writer's barrier stands in for it.
    workload: { ...writing, writes: 0.02, slowestWrite: 3_000 },
    faults: [],
  },
  {
    name: 'a writer who takes down the barriers of others',
    breaks: 'P4',
    edits: [
      {
        file: 'protocol/scripts/bump.lua',
        find: '  local reading = string.format(',
        put: "  if what == 'lower' then writers, last = '', 0 end\n  local reading = string.format(",
      },
    ],
    workload: { ...writing, ...overlapping },
    faults: [],
  },
  {
    name: 'an invalidation of a tag that removes its barriers',
    breaks: 'P4',
    edits: [
      {
        file: 'protocol/scripts/bump.lua',
        find: '  local reading = string.format(',
        put: "  if what == 'void' then writers, last = '', 0 end\n  local reading = string.format(",
      },
    ],
    workload: { ...writing, ...overlapping, by: { mutate: 0.5 } },
    faults: [],
  },
  {
    name: 'a journal whose tags are read from the store',
    breaks: 'P7',
    edits: [{ file: 'cache/read-through.ts', find: '      if (avoidsTags(seen.tags)) return away\n', put: '' }],
    workload: pending,
    faults: ['read-only'],
  },
  {
    name: 'a journal that forgets a clear',
    breaks: 'P7',
    edits: [{ file: 'cache/invalidations.ts', find: '      this.#journal.addAll()\n', put: '' }],
    workload: { ...pending, by: { clear: 0.8 } },
    faults: ['read-only'],
  },
]
