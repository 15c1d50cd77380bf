import { topologies, type Workload } from '../workload.ts'
import type { Mutant } from './mutant.ts'

/** Mostly read: what is stale stays until somebody sees it. */
const pending: Workload = { ...topologies.journal, writes: 0.05, by: {} }

export const journalMutants: readonly Mutant[] = [
  {
    name: 'a journal that says what is pending is acknowledged',
    breaks: 'P7',
    edits: [
      {
        file: 'cache/invalidations.ts',
        find: "this.#report({ type: 'invalidate-pending', operation, keys, tags })\n      return 'pending'",
        put: "this.#report({ type: 'invalidate-pending', operation, keys, tags })\n      return 'acknowledged'",
      },
    ],
    workload: pending,
    faults: ['net-black-hole', 'net-refused'],
  },
  {
    name: 'a journal that drops a key whose replay failed',
    breaks: 'P7',
    edits: [
      {
        file: 'resilience/journal.ts',
        find: '        if (this.#askedAgain) continue\n',
        put: '        this.#pending.delete(key)\n        if (!this.#isEmpty) continue\n        break\n',
      },
    ],
    workload: pending,
    faults: ['net-refused'],
  },
  {
    name: 'a journal whose keys are read from the store',
    breaks: 'P7',
    edits: [
      {
        file: 'cache/invalidations.ts',
        find: 'return this.#journal?.isPending(storeKey) === true',
        put: 'return storeKey === undefined',
      },
    ],
    workload: pending,
    faults: ['read-only'],
  },
  {
    name: 'a journal that is closed without a word of what is lost',
    breaks: 'P7',
    edits: [
      {
        file: 'resilience/journal.ts',
        find: "    this.#settings.report({ type: 'invalidate-lost', count: this.#pending.size, overflowed: this.#overflow !== 'none' })\n",
        put: '',
      },
    ],
    workload: pending,
    faults: ['read-only', 'retire'],
  },
  {
    name: 'a breaker that lets everybody try',
    breaks: 'P6',
    edits: [
      {
        file: 'protocol/breaker.ts',
        find: 'if (this.#outage) return Promise.reject(refusal(this.#outage.reason))',
        put: '',
      },
    ],
    workload: pending,
    faults: ['long-freeze'],
    seenAs: 'waits for Redis',
  },
]
