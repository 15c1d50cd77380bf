import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../test/manual-clock.ts'
import { ToldStore } from '../../test/near/told-store.ts'
import type { CacheEvent } from '../events.ts'
import { Changes, type Watch } from './changes.ts'

describe('changes', () => {
  const open = () => {
    const store = new ToldStore()
    const clock = new ManualClock()
    const events: CacheEvent[] = []
    const namespaceKeys = { generation: 'shop/generation', tagClock: 'shop/tags' }
    const report = (event: CacheEvent) => events.push(event)
    const changes = new Changes({ namespace: 'shop', namespaceKeys, store, clock, lag: 200, report })
    return { changes, store, clock, events }
  }
  const isOver = (watch: Watch | undefined) =>
    Promise.race([watch?.changed.then(() => true), Promise.resolve().then(() => Promise.resolve(false))])

  it('wake all who watch the key, and nobody else', async () => {
    const { changes, store } = open()
    changes.open()
    const [one, two, other] = ['shop:k', 'shop:k', 'shop:other'].map((key) => changes.watch(key))

    store.tell?.changed(['shop:k'])

    expect(await Promise.all([isOver(one), isOver(two), isOver(other)])).toEqual([true, true, false])
  })

  it('wake everybody when they are lost, refused, or heard no more', async () => {
    for (const end of ['lost', 'refused', 'closed'] as const) {
      const { changes, store } = open()
      changes.open()
      const watches = [changes.watch('shop:k'), changes.watch('shop:other')]

      if (end === 'lost') store.tell?.lost('gone')
      if (end === 'refused') store.tell?.refused('no')
      if (end === 'closed') changes.close()

      expect([end, ...(await Promise.all(watches.map(isOver)))]).toEqual([end, true, true])
    }
  })

  it('are watched for while they are told, however late', () => {
    const { changes, store } = open()
    expect(changes.watch('shop:k')).toBeUndefined()
    changes.open()
    expect(changes.watch('shop:k')).toBeDefined()
    store.behind = 200
    expect(changes.watch('shop:k')).toBeDefined()
    expect(changes.areHeard).toBe(false)
    store.behind = Number.POSITIVE_INFINITY
    expect(changes.watch('shop:k')).toBeUndefined()
  })

  it('are not asked for again once refused, or closed', () => {
    for (const end of ['refused', 'closed'] as const) {
      const { changes, store } = open()
      changes.open()
      if (end === 'refused') store.tell?.refused('no')
      else changes.close()

      changes.open()

      expect([end, store.opened, store.listening]).toEqual([end, 1, 0])
    }
  })

  it('are listened to for a minute after they were last needed', () => {
    const { changes, store, clock } = open()
    changes.open()
    clock.pass(59_000)
    changes.open()
    clock.pass(59_000)
    expect(store.listening).toBe(1)

    clock.pass(1_000)
    expect(store.listening).toBe(0)
    changes.open()
    expect(store.opened).toBe(2)
  })

  it('are listened to for good where somebody is told everything', () => {
    const { changes, store, clock } = open()
    changes.listen({ changed: () => {}, lost: () => {} })
    changes.open()
    clock.pass(3_600_000)
    expect(store.listening).toBe(1)
  })
})
