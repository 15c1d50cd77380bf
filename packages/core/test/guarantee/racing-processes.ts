import { CacheAside } from '../../src/cache/cache.ts'
import type { MemoryStore } from '../../src/protocol/memory-store.ts'
import type { NamespaceKeys, Store } from '../../src/protocol/store.ts'
import type { Adversary } from './adversary.ts'

/** A store whose every command reaches it, and whose every reply comes back, when the adversary lets it. */
function delayed(store: Store, adversary: Adversary): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      if (name === 'now' || name === 'onChange' || name === 'track') return target[name].bind(target)
      if (name === 'read') return readOf(target, adversary)
      return async (...args: never[]) => {
        await adversary.step()
        const reply: unknown = await (target[name] as (...args: never[]) => Promise<unknown>).apply(target, args)
        await adversary.step()
        return reply
      }
    },
  })
}

/** An entry and what its namespace says are two commands, on two nodes of a cluster: either may be first. */
const readOf =
  (store: Store, adversary: Adversary): Store['read'] =>
  async (key: string, namespace: NamespaceKeys, tags: readonly string[]) => {
    const taken = async <T>(command: () => Promise<T>): Promise<T> => {
      await adversary.step()
      return command()
    }
    const entryFirst = Math.random() < 0.5
    const early = entryFirst ? await taken(() => store.read(key, namespace, [])) : undefined
    const readings = await taken(() => store.readings(namespace, tags))
    const { raw } = early ?? (await taken(() => store.read(key, namespace, [])))
    await adversary.step()
    return { raw, ...readings }
  }

/** Two caches that share nothing but the store, as in two processes, and meet nothing that the adversary has not let go. */
export function processesOn(memory: MemoryStore, adversary: Adversary): CacheAside[] {
  const store = delayed(memory, adversary)
  const clock = {
    now: () => 0,
    wall: () => 0,
    // Only the pauses of waiters end: timeouts and extensions are longer than any run.
    after: (delay: number, run: () => void) => {
      if (delay < 1_000) void adversary.pause().then(run)
      return () => {}
    },
  }
  return [0, 1].map(() => new CacheAside({ namespace: 'race', store }, clock))
}
