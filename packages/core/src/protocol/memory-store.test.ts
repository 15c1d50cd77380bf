import { describe, expect, it } from 'vitest'
import { MemoryStore } from './memory-store.ts'
import type { Eviction } from './store.ts'

const token = 't'.repeat(22)
const ttl = 60_000

async function storeOf(keys: readonly string[], options?: { readonly maxEntries: number }): Promise<MemoryStore> {
  const store = new MemoryStore(options)
  for (const key of keys) await store.claim(key, { token, ttl })
  return store
}

describe('MemoryStore', () => {
  it('keeps no more entries than it was told, and loses the least recently used first', async () => {
    const store = await storeOf(['a', 'b'], { maxEntries: 2 })
    await store.read('a')

    await store.claim('c', { token, ttl })

    expect(await store.read('b')).toBeNull()
    expect(await store.read('a')).not.toBeNull()
    expect(await store.read('c')).not.toBeNull()
  })

  it('reports what it lost for want of room', async () => {
    const store = await storeOf(['a'], { maxEntries: 1 })
    const heard: Eviction[] = []
    await store.watchEvictions('', (eviction) => heard.push(eviction))

    await store.claim('b', { token, ttl })

    expect(heard).toEqual([{ reason: 'evicted', key: 'a' }])
  })

  it('reports nothing of an entry that another takes the place of', async () => {
    const store = await storeOf(['a'])
    const heard: Eviction[] = []
    await store.watchEvictions('', (eviction) => heard.push(eviction))

    await store.claim('a', { token, ttl })

    expect(heard).toEqual([])
  })

  it('shares nothing with another instance', async () => {
    await storeOf(['a'])

    expect(await new MemoryStore().read('a')).toBeNull()
  })

  it('invalidates, and tells the others, although a listener to evictions throws', async () => {
    const store = await storeOf(['a', 'b'])
    const heard: Eviction[] = []
    await store.watchEvictions('', () => {
      throw new Error('listener broke')
    })
    await store.watchEvictions('', (eviction) => heard.push(eviction))

    await store.invalidate(['a', 'b'])

    expect(await Promise.all([store.read('a'), store.read('b')])).toEqual([null, null])
    expect(heard).toHaveLength(2)
  })
})
