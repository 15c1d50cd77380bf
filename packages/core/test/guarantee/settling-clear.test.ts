import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { Held } from './held-store.ts'
import { onEveryStore } from './on-every-store.ts'

const nothing = { found: false, value: undefined }
/** As the cache's own, and longer than a test may take. */
const settle = '1m'

/** design §1, P1: what is loaded while replicas catch up with a clear may be old. */
onEveryStore('while a clear settles', ({ open }) => {
  it.each([[[]], [['a']]])(
    'a load that asked what the namespace is at before caches nothing: with tags %j',
    async (tags) => {
      const held = new Held()
      const [one, other] = [open({}, held.wrap), open()]
      await other.getOrLoad('warm', () => 'the namespace has a generation')
      const read = held.next('read', 'after')
      const loading = one.getOrLoad('k', () => 'of a replica that lags', { tags })
      await read.reached

      await other.clear({ settle })
      read.release()

      expect(await loading).toBe('of a replica that lags')
      expect(await other.get('k')).toEqual(nothing)
    },
  )

  it('a load that finds no generation before caches nothing', async () => {
    const held = new Held()
    const [one, other] = [open({}, held.wrap), open()]
    const read = held.next('read', 'after')
    const loading = one.getOrLoad('k', () => 'of a replica that lags')
    await read.reached

    await other.clear({ settle })
    read.release()
    await loading

    expect(await other.get('k')).toEqual(nothing)
  })

  it('who has waited for another’s load caches nothing', async () => {
    const held = new Held()
    const [one, other] = [open(), open({}, held.wrap)]
    const source = gate<string>()
    const loading = one.getOrLoad('k', source.load)
    await source.called
    const acquire = held.next('acquire', 'after')
    const waiting = other.getOrLoad('k', () => 'of a replica that lags')
    await acquire.reached

    await one.clear({ settle })
    acquire.release()
    source.answer('old')
    await Promise.all([loading, waiting])

    expect(await one.get('k')).toEqual(nothing)
  })

  it('set and writeThrough cache nothing', async () => {
    const cache = open()
    await cache.clear({ settle })

    expect(await cache.set('a', 'set')).toBe(false)
    expect(await cache.writeThrough('b', () => 'written')).toBe('written')

    expect(await cache.get('a')).toEqual(nothing)
    expect(await cache.get('b')).toEqual(nothing)
  })
})
