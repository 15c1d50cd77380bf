import { topologies, type Workload } from '../workload.ts'
import type { Mutant } from './mutant.ts'

const near: Workload = { ...topologies.near, by: {}, failures: 0 }
/** What is read again by nobody else is not put right by the next fill. */
const alone: Workload = { ...topologies['near-reader'], by: {}, failures: 0 }
const tagged: Workload = { ...alone, keys: 8, groups: { count: 3, moving: false } }
/** What is asked for before a change comes after the word of it; and few changes of a key, so that it stays. */
const crossing: Workload = { ...alone, workers: 2, keys: 30, writes: 0.012 }

const shortLag = { lag: 100, passedBy: 0, everywhere: 0 }

const seenAs = 'stale in a near cache'

export const nearMutants: readonly Mutant[] = [
  {
    name: 'a near cache without marks',
    breaks: 'P2',
    edits: [
      {
        file: 'near/near-cache.ts',
        find: 'if (this.#marks.get(storeKey) !== mark || isExpired',
        put: 'if (isExpired',
      },
    ],
    workload: crossing,
    faults: ['commands-slow-replies'],
    seenAs,
  },
  {
    name: 'a near cache that is filled by a fill',
    breaks: 'P2',
    edits: [
      {
        file: 'load/lead.ts',
        find: 'return { ...outcome, ...(await currency(() => lease.fillWith(entry))) }',
        put: `const filled = await currency(() => lease.fillWith(entry))
  const mark = around.near?.expect(request.storeKey)
  if (mark) {
    const lifetime = { ...header, freshUntil: around.store.now() + freshFor, cost: duration }
    around.near.keep(request.storeKey, mark, { ...readEntry(raw, format), lifetime }, settings)
    around.near.unmark(request.storeKey, mark)
  }
  return { ...outcome, ...filled }`,
      },
    ],
    workload: crossing,
    faults: ['commands-slow-replies'],
    seenAs,
  },
  {
    name: 'a near cache that is not emptied when its connection is lost',
    breaks: 'P2',
    edits: [
      {
        file: 'protocol/tracking.ts',
        find: "    if (wasHeard) this.#listener.lost('the connection was lost')\n",
        put: '',
      },
    ],
    workload: alone,
    faults: ['tracking-cut', 'tracking-lost', 'tracking-kill'],
    seenAs,
  },
  {
    name: 'a near cache that is not emptied when the server is flushed',
    breaks: 'P2',
    edits: [
      {
        file: 'protocol/tracking.ts',
        find: "if (keys === null) listener.lost('the server was flushed')",
        put: 'if (keys === null) return',
      },
    ],
    // Who misses puts a generation there, and the word of that empties it too.
    workload: { ...alone, writes: 0.001, near: shortLag },
    faults: ['flushall'],
    seenAs,
  },
  {
    name: 'a near cache without a heartbeat',
    breaks: 'P2',
    edits: [
      {
        file: 'protocol/tracking.ts',
        find: 'return Math.max(clock.now() - this.#heard.now, clock.wall() - this.#heard.wall)',
        put: 'return 0',
      },
    ],
    workload: near,
    faults: ['tracking-no-replies', 'tracking-black-hole', 'stop', 'block'],
    seenAs,
  },
  {
    name: 'a near cache without a heartbeat, in a process that stands still',
    breaks: 'P2',
    edits: [
      {
        file: 'protocol/tracking.ts',
        find: 'return Math.max(clock.now() - this.#heard.now, clock.wall() - this.#heard.wall)',
        put: 'return 0',
      },
    ],
    workload: { ...near, writes: 0.03, keys: 12 },
    faults: ['stop', 'block'],
    seenAs,
  },
  {
    name: 'a heartbeat that counts from the answer',
    breaks: 'P2',
    edits: [
      {
        file: 'protocol/tracking.ts',
        find: '    this.#heard = sent\n',
        put: '    this.#heard = { now: clock.now(), wall: clock.wall() }\n',
      },
    ],
    workload: { ...near, writes: 0.03 },
    faults: ['tracking-late'],
    seenAs,
  },
  {
    name: 'a near cache that lags by half as much again',
    breaks: 'P2',
    edits: [
      {
        file: 'protocol/changes.ts',
        find: 'this.#tracking.lag() < this.#settings.lag',
        put: 'this.#tracking.lag() < 1.5 * this.#settings.lag',
      },
    ],
    workload: { ...near, keys: 20, writes: 0.08 },
    faults: ['tracking-late'],
    seenAs,
  },
  {
    name: 'a near cache that keeps what comes while nothing is heard',
    breaks: 'P2',
    edits: [
      {
        file: 'near/near-cache.ts',
        find: '    if (!this.#changes.areHeard) return undefined\n    // A mark',
        put: '    // A mark',
      },
    ],
    workload: { ...alone, writes: 0.01 },
    faults: ['tracking-away'],
    seenAs,
  },
  {
    name: 'an invalidation that leaves its own near cache',
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
    seenAs,
  },
  {
    name: 'a barrier that leaves its own near cache',
    breaks: 'P2',
    edits: [
      { file: 'cache/write.ts', find: '  around.invalidations.forgetNear(storeKeys, tags.length > 0)\n', put: '' },
    ],
    workload: { ...near, by: { mutate: 1 }, slowestWrite: 100, writes: 0.05 },
    faults: ['tracking-slow'],
    seenAs: 'stale past a barrier',
  },
  {
    name: 'a clear that leaves its own near cache',
    breaks: 'P2',
    edits: [
      {
        file: 'cache/invalidations.ts',
        find: 'await this.clearNow(settle).finally(() => this.#near?.lost())',
        put: 'await this.clearNow(settle)',
      },
    ],
    workload: { ...near, by: { clear: 1 } },
    faults: ['tracking-slow'],
    seenAs,
  },
  {
    name: 'a set that leaves its own near cache',
    breaks: 'P2',
    edits: [{ file: 'cache/cache.ts', find: '      this.#around.near?.forget(inStore)\n', put: '' }],
    workload: { ...near, by: { set: 1 }, writes: 0.03 },
    faults: ['tracking-slow'],
    seenAs,
  },
  {
    name: 'everywhere, without waiting for the others',
    breaks: 'P3',
    edits: [
      {
        file: 'cache/invalidations.ts',
        find: 'this.#clock.after(this.#options.nearLag * largestDrift + timerError, resolve)',
        put: 'resolve()',
      },
    ],
    workload: { ...topologies['near-everywhere'], by: {}, failures: 0, writes: 0.03 },
    faults: ['tracking-slow', 'tracking-black-hole'],
    seenAs,
  },
  {
    name: 'everywhere, and the others are waited for a quarter as long',
    breaks: 'P3',
    edits: [
      {
        file: 'cache/invalidations.ts',
        find: 'this.#options.nearLag * largestDrift + timerError',
        put: 'this.#options.nearLag / 4',
      },
    ],
    workload: { ...topologies['near-everywhere'], by: {}, failures: 0, writes: 0.1, keys: 20 },
    faults: ['tracking-slow'],
    seenAs,
  },
  {
    name: 'a near cache that does not hear of a clear',
    breaks: 'P2',
    edits: [
      {
        file: 'near/near-cache.ts',
        find: 'if (storeKey === this.#namespace.generation) this.lost()',
        put: 'if (storeKey === this.#namespace.generation) return',
      },
    ],
    workload: { ...alone, by: { clear: 1 } },
    faults: [],
    seenAs,
  },
  {
    name: 'a near cache that does not hear of tags',
    breaks: 'P2',
    edits: [
      {
        file: 'near/near-cache.ts',
        find: 'near.epoch !== this.#epoch',
        put: 'false',
      },
    ],
    workload: tagged,
    faults: [],
    seenAs,
  },
  {
    name: 'a near cache that knows of the tags what it knew when the value came',
    breaks: 'P2',
    edits: [{ file: 'near/near-cache.ts', find: 'const { epoch } = mark', put: 'const epoch = this.#epoch' }],
    // Every change of a tag voids them all: what a mistake leaves stays until the next.
    workload: { ...crossing, groups: { count: 4, moving: false }, near: shortLag, writes: 0.004 },
    faults: ['commands-slow-replies'],
    seenAs,
  },
  {
    name: 'a near cache that is not passed by',
    breaks: 'P2',
    edits: [
      {
        file: 'cache/read-through.ts',
        find: 'if (!near || !settings.near) return undefined',
        put: 'if (!near) return undefined',
      },
    ],
    workload: near,
    faults: [],
    seenAs: 'near cache not passed by',
  },
  {
    name: 'waiters that nobody wakes',
    breaks: 'P5',
    edits: [{ file: 'protocol/changes.ts', find: '    for (const wake of watches) wake()\n', put: '' }],
    workload: { ...topologies.woken, failures: 0 },
    faults: [],
    seenAs: 'waits for nobody',
  },
]
