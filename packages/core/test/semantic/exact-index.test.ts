import { describe, expect, it } from 'vitest'
import { InvalidOptionsError } from '../../src/errors.ts'
import { ExactIndex } from '../../src/semantic/index.ts'
import { ManualClock } from '../manual-clock.ts'
import { cosineOf } from './angles.ts'

const at = (degrees: number): Float32Array => Float32Array.of(cosineOf(degrees), cosineOf(90 - degrees))
const pointer = (id: string, degrees: number, { scope = 'a', ttl = 1_000 } = {}) => ({
  id,
  scope,
  ttl,
  vector: at(degrees),
})
const idsNear = async (index: ExactIndex, degrees = 0, scope = 'a', count = 10): Promise<string[]> =>
  (await index.search({ scope, vector: at(degrees) }, count)).map(({ id }) => id)

describe('an exact index', () => {
  it('finds the nearest of a scope, best first, with their cosines', async () => {
    const index = new ExactIndex()
    for (const degrees of [50, 10, 170, 30, 90]) await index.add(pointer(`${degrees}`, degrees))
    await index.add(pointer('other', 0, { scope: 'b' }))

    const found = await index.search({ scope: 'a', vector: at(0) }, 4)
    expect(found.map(({ id }) => id)).toEqual(['10', '30', '50', '90'])
    for (const { id, similarity } of found) expect(similarity).toBeCloseTo(cosineOf(Number(id)), 5)
    expect(await idsNear(index, 0, 'b')).toEqual(['other'])
    expect(await idsNear(index, 0, 'c')).toEqual([])
  })

  it('has no other similarity than 1 for the same direction, and none for what cannot be compared', async () => {
    const index = new ExactIndex()
    await index.add({ ...pointer('same', 33), vector: at(33) })
    await index.add({ ...pointer('longer', 33), vector: Float32Array.of(1, 0, 0) })

    expect(await index.search({ scope: 'a', vector: at(33) }, 10)).toEqual([{ id: 'same', similarity: 1 }])
  })

  it('forgets what is over, what is removed, and what is replaced', async () => {
    const clock = new ManualClock()
    const index = new ExactIndex({}, clock)
    await index.add(pointer('short', 1, { ttl: 10 }))
    await index.add(pointer('long', 2))
    await index.add(pointer('removed', 3))
    await index.remove('removed')
    await index.add(pointer('long', 80))

    clock.pass(9)
    expect(await idsNear(index)).toEqual(['short', 'long'])
    clock.pass(1)
    expect(await idsNear(index)).toEqual(['long'])
    expect(index.size).toBe(1)
    expect(await idsNear(index, 80)).toEqual(['long'])
  })

  it('holds so many, and lets go first of what ends soonest', async () => {
    const index = new ExactIndex({ maxEntries: 3 })
    for (const [id, ttl] of Object.entries({ a: 300, b: 100, c: 200, d: 50 })) await index.add(pointer(id, 1, { ttl }))

    expect((await idsNear(index)).toSorted()).toEqual(['a', 'c', 'd'])
    await index.add(pointer('c', 1, { ttl: 10 })) // Replaced: nothing has to go.
    expect(index.size).toBe(3)
    await index.add(pointer('e', 1))
    expect((await idsNear(index)).toSorted()).toEqual(['a', 'd', 'e'])
  })

  it('refuses options that are wrong', () => {
    for (const options of [{ maxEntries: 1 }, { maxEntries: 1.5 }, { size: 5 } as never, null as never])
      expect(() => new ExactIndex(options)).toThrow(InvalidOptionsError)
  })
})
