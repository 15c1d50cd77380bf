import { gate } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { InvalidKeyError, InvalidOptionsError } from '../../src/errors.ts'
import { onEveryIndex } from './on-every-index.ts'

const metadata = { tenant: 'acme', model: 'large' }

onEveryIndex('an answer that was voided', ({ open }) => {
  const opened = () => open({ metadata: ['tenant', 'model'] })

  const ways = [
    ['by its id', (answers, id) => answers.invalidate(id)],
    ['by one of its tags', (answers) => answers.invalidateTag(['other', 'policy'])],
    ['by a part of its metadata', (answers) => answers.invalidateWhere({ model: 'large' })],
    ['by all of its metadata', (answers) => answers.invalidateWhere({ model: 'large', tenant: 'acme' })],
    ['with everything', (answers) => answers.clear()],
  ] satisfies [string, (answers: ReturnType<typeof opened>['answers'], id: string) => Promise<unknown>][]

  describe.each(ways)('%s', (_, invalidate) => {
    it('is not served any more, to the same question or a similar one', async () => {
      const [{ answers }, { answers: elsewhere }] = [opened(), opened()]
      const { id } = await answers.ask('lamp', () => 'old', { metadata, tags: ['policy'] })
      await elsewhere.ask('lamp @3', () => 'unused', { metadata })

      expect(await invalidate(elsewhere, id)).toBe('acknowledged')

      expect(await answers.ask('lamp @5', () => 'new', { metadata })).toMatchObject({ answer: 'new', hit: false })
      const again = await answers.ask('lamp', () => 'newer', { metadata })
      expect(again.answer).toBe('new')
      expect(again.question).toBe('lamp @5')
    })

    it('is not served when it was being called for', async () => {
      const [{ answers }, { answers: elsewhere }] = [opened(), opened()]
      const known = await answers.ask('lamp', () => 'known', { metadata })
      await answers.invalidate(known.id)
      const model = gate<string>()
      const early = answers.ask('lamp', model.load, { metadata, tags: ['policy'] })
      await model.called

      await invalidate(elsewhere, known.id)
      model.answer('old')
      expect(await early).toMatchObject({ answer: 'old', hit: false }) // Its call overlaps the invalidation.

      const similar = await elsewhere.ask('lamp @5', () => 'new', { metadata })
      expect(similar).toMatchObject({ answer: 'new', hit: false })
      expect((await answers.ask('lamp', () => 'newer', { metadata })).answer).not.toBe('old')
    })
  })

  it('leaves the others as they are', async () => {
    const { answers } = opened()
    const rows = ['acme', 'umbrella'].flatMap((tenant) => ['large', 'small'].map((model) => ({ tenant, model })))
    const fill = () => Promise.all(rows.map((row) => answers.ask('lamp', () => 'kept', { metadata: row })))
    const left = async () => {
      const all = await Promise.all(rows.map((row) => answers.ask('lamp', () => 'kept', { metadata: row })))
      return all.map(({ hit }) => hit)
    }

    await fill()
    await answers.invalidateWhere({ tenant: 'umbrella' })
    expect(await left()).toEqual([true, true, false, false])
    await answers.invalidateWhere({ model: 'small' })
    expect(await left()).toEqual([true, false, true, false])
    await answers.invalidateWhere({ tenant: 'acme', model: 'large' })
    expect(await left()).toEqual([false, true, true, true])
    await answers.invalidateWhere({ tenant: 'acme:model', model: 'large' })
    await answers.invalidateTag('policy')
    expect(await left()).toEqual([true, true, true, true])
    await answers.clear()
    expect(await left()).toEqual([false, false, false, false])
  })

  it('can be named by a tag of the cache too', async () => {
    const { answers, cache } = opened()
    await answers.ask('lamp', () => 'old', { metadata, tags: ['policy'] })

    await cache.invalidateTag('answers:tag:policy')
    expect(await answers.ask('lamp', () => 'new', { metadata })).toMatchObject({ answer: 'new' })

    await cache.mutate([], () => {}, { tags: ['answers:where:tenant:acme'] })
    expect(await answers.ask('lamp', () => 'newer', { metadata })).toMatchObject({ answer: 'newer' })
  })

  it('was none of ours if it has another kind of id, or other metadata', async () => {
    const { answers } = opened()

    await expect(answers.invalidate('lamp')).rejects.toThrow(InvalidKeyError)
    await expect(answers.invalidateTag('')).rejects.toThrow(InvalidKeyError)
    await expect(answers.invalidateWhere({})).rejects.toThrow(InvalidOptionsError)
    await expect(answers.invalidateWhere({ language: 'en' } as never)).rejects.toThrow(/option "metadata.language"/)
  })
})
