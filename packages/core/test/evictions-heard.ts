import type { Eviction } from '@cache-aside/core'

/** A listener to evictions that remembers what it was told. */
export interface EvictionsHeard {
  readonly listener: (eviction: Eviction) => void
  /** All so far. */
  readonly all: readonly Eviction[]
  /** Resolves with the first that is about `key`, told already or to come. */
  of(key: string): Promise<Eviction>
}

export function evictionsHeard(): EvictionsHeard {
  const all: Eviction[] = []
  const waiting = new Map<string, (eviction: Eviction) => void>()
  return {
    all,
    listener: (eviction) => {
      all.push(eviction)
      waiting.get(eviction.key)?.(eviction)
    },
    of: async (key) =>
      all.find((eviction) => eviction.key === key) ?? new Promise((resolve) => waiting.set(key, resolve)),
  }
}
