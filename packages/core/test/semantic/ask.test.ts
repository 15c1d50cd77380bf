import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { cosineOf } from './angles.ts'
import { heard, next, onEveryIndex } from './on-every-index.ts'

const fail = () => {
  throw new Error('called for an answer')
}

onEveryIndex('ask', ({ open }) => {
  it('calls for an answer, and has it for the same question', async () => {
    const { answers, embedder } = open()

    const first = await answers.ask('How do I return a lamp?', () => 'Bring it back.')
    expect(first).toEqual({
      answer: 'Bring it back.',
      hit: false,
      similarity: undefined,
      question: 'How do I return a lamp?',
      id: expect.stringMatching(/^[0-9a-f]{32}-[0-9a-f]{32}$/) as string,
    })

    expect(await answers.ask(' How do I return a lamp?\n', fail)).toEqual({ ...first, hit: true, similarity: 1 })
    expect(embedder.asked).toEqual(['How do I return a lamp?'])
    expect(answers.stats()).toMatchObject({ exactHits: 1, similarHits: 0, misses: 1, calls: 1, hitRatio: 0.5 })
  })

  it('has the answer for a question that means the same, and says how similar it is', async () => {
    const [{ answers }, { answers: elsewhere }] = [open(), open()]
    const { id } = await answers.ask('lamp', () => ({ text: 'Bring it back.' }))
    const hits = heard(elsewhere, 'hit')

    const similar = await elsewhere.ask('lamp @10', fail)

    expect(similar).toEqual({
      answer: { text: 'Bring it back.' },
      hit: true,
      similarity: expect.closeTo(cosineOf(10), 5) as number,
      question: 'lamp',
      id,
    })
    expect(hits).toEqual([{ type: 'hit', id, similarity: similar.similarity, exact: false }])
    expect(elsewhere.stats()).toMatchObject({ exactHits: 0, similarHits: 1, misses: 0, calls: 0, hitRatio: 1 })
  })

  it('has the most similar of several', async () => {
    const { answers } = open({ threshold: 0.99 })
    for (const degrees of [0, 30, 60]) await answers.ask(`lamp @${degrees}`, () => degrees)
    const { answers: lenient } = open({ threshold: 0.5 })

    expect(await lenient.ask('lamp @35', fail)).toMatchObject({ answer: 30, question: 'lamp @30' })
    expect(await lenient.ask('lamp @55', fail)).toMatchObject({ answer: 60, question: 'lamp @60' })
  })

  it('calls for a question that is not similar enough, and counts those that nearly were', async () => {
    const { answers } = open({ threshold: 0.95, nearMiss: 0.05 })
    const { id } = await answers.ask('lamp', () => 'about lamps')
    const nearMisses = heard(answers, 'near-miss')
    const misses = heard(answers, 'miss')

    const near = await answers.ask('lamp @20', () => 'nearly about lamps')
    const far = await answers.ask('lamp @60', () => 'about chairs')

    expect(near).toMatchObject({ hit: false, answer: 'nearly about lamps', question: 'lamp @20' })
    expect(near.similarity).toBeCloseTo(cosineOf(20), 5)
    expect(far.similarity).toBeCloseTo(cosineOf(40), 5)
    expect(nearMisses).toEqual([{ type: 'near-miss', id: near.id, nearest: id, similarity: near.similarity }])
    expect(misses.map(({ nearest }) => nearest)).toEqual([near.similarity, far.similarity])
    expect(answers.stats()).toMatchObject({ misses: 3, nearMisses: 1 })
  })

  it('never lets one tenant have what another has asked', async () => {
    const { answers } = open({ metadata: ['tenant', 'language'] })
    const of = (tenant: string, language = 'en') => ({ metadata: { tenant, language } })
    await answers.ask('lamp', () => 'for acme', of('acme'))

    expect(await answers.ask('lamp', () => 'for evil', of('evil'))).toMatchObject({ answer: 'for evil', hit: false })
    expect(await answers.ask('lamp', () => 'für acme', of('acme', 'de'))).toMatchObject({ answer: 'für acme' })
    for (const name of ['acme" or 1 == 1 or .scope == "', '*', 'acme:en', ''])
      expect(await answers.ask('lamp @5', () => name, of(name))).toMatchObject({ answer: name, hit: false })
    expect(await answers.ask('lamp @5', fail, of('acme'))).toMatchObject({ answer: 'for acme', hit: true })
    expect(answers.stats()).toMatchObject({ nearMisses: 0, similarHits: 1 })
  })

  it('makes one call for questions that are equal and asked at once, in two processes', async () => {
    const [one, two] = [open(), open()]
    const model = gate<string>()
    const asked = [one.answers.ask('lamp', model.load), one.answers.ask('lamp', model.load)]
    await model.called
    const missed = next(two.answers, 'miss')
    asked.push(two.answers.ask('lamp', model.load))
    await missed
    model.answer('once')

    expect((await Promise.all(asked)).map(({ answer }) => answer)).toEqual(['once', 'once', 'once'])
    expect(model.calls).toBe(1)
    expect(one.embedder.asked).toEqual(['lamp'])
    expect(one.answers.stats().calls + two.answers.stats().calls).toBe(1)
  })

  it('drops a pointer to an answer that is gone, and goes on with the next', async () => {
    const { answers } = open({ threshold: 0.999_9 })
    const first = await answers.ask('lamp', () => 'first')
    await answers.ask('lamp @8', () => 'second')
    await answers.invalidate(first.id)
    const { answers: lenient } = open()
    const dropped = heard(lenient, 'dropped')

    expect(await lenient.ask('lamp @3', fail)).toMatchObject({ answer: 'second', question: 'lamp @8' })
    expect(dropped).toEqual([{ type: 'dropped', id: first.id }])
    expect(await lenient.ask('lamp @2', fail)).toMatchObject({ answer: 'second' })
    expect(lenient.stats().dropped).toBe(1)
  })

  it('keeps an answer for as long as its question, or its loader, says', async () => {
    const { answers } = open()
    await answers.ask('lamp', () => 'long', { ttl: '1h' })
    await answers.ask('chair @60', () => 'short', { ttl: 1 })
    await answers.ask('table @120', ({ setTtl }) => {
      setTtl(1)
      return 'short'
    })

    for (const question of ['chair @61', 'table @121']) {
      let again = await answers.ask(question, () => 'new', { ttl: '1h' })
      while (again.hit && again.answer === 'short') again = await answers.ask(question, () => 'new', { ttl: '1h' })
      expect(again).toMatchObject({ answer: 'new' })
    }
    expect(await answers.ask('lamp @1', fail)).toMatchObject({ answer: 'long', hit: true })
  })

  it('throws what the loader throws, and calls again the next time', async () => {
    const { answers } = open()
    const error = new Error('overloaded')

    await expect(answers.ask('lamp', () => Promise.reject(error))).rejects.toBe(error)
    expect(await answers.ask('lamp @1', () => 'now')).toMatchObject({ answer: 'now', hit: false })
  })

  it('does not let a question be found that has no answer, or whose answer is not to be kept', async () => {
    const { answers } = open()
    const none = await answers.ask('lamp', () => null)
    expect(none).toMatchObject({ answer: null, hit: false })
    expect(await answers.ask('lamp', fail)).toMatchObject({ answer: null, hit: true })
    await answers.ask('chair @90', ({ decline }) => {
      decline()
      return 'for you alone'
    })

    expect(await answers.ask('lamp @1', () => 'some')).toMatchObject({ answer: 'some', hit: false })
    expect(await answers.ask('chair @91', () => 'for all')).toMatchObject({ answer: 'for all', hit: false })
    expect(answers.stats()).toMatchObject({ dropped: 0, nearMisses: 0 })
  })

  it('has no answer for a similar question where there is none any more', async () => {
    const { answers } = open()
    const { id } = await answers.ask('lamp', () => 'some')
    await answers.invalidate(id)
    await answers.ask('lamp', () => null)
    expect(answers.stats().dropped).toBe(0) // A question is not compared with itself.

    expect(await answers.ask('lamp @1', () => 'some')).toMatchObject({ answer: 'some', hit: false })
  })

  it('treats what is no answer under the key of one as a miss', async () => {
    const { answers, cache } = open()
    const { id } = await answers.ask('lamp', () => 'real')
    for (const foreign of ['written by hand', { answer: 'without its question' }, { question: 'lamp' }, [], 5]) {
      await cache.set(`answers:${id}`, foreign)
      expect(await cache.get(`answers:${id}`)).toEqual({ found: true, value: foreign })
      expect(await answers.ask('lamp', () => 'anew')).toMatchObject({ answer: 'anew', hit: false })
    }
    expect(cache.stats().corrupt).toBeGreaterThan(0)
    await cache.set(`answers:${id}`, 'written by hand')

    expect(await answers.ask('lamp', () => 'anew')).toMatchObject({ answer: 'anew', hit: false })
    expect(await answers.ask('lamp', fail)).toMatchObject({ answer: 'anew', hit: true })
  })

  it('gives a loader what a loader of the cache is given', async () => {
    const { answers, cache } = open()
    const { id } = await answers.ask('lamp', ({ setEtag }) => {
      setEtag('v1')
      return { text: 'old' }
    })
    await cache.expire(`answers:${id}`)

    const again = await answers.ask<unknown>('lamp', (context) => {
      expect(context.key).toBe(id)
      expect(context.signal.aborted).toBe(false)
      expect(context.stale).toEqual({ value: { text: 'old' }, etag: 'v1' })
      return context.notModified()
    })
    expect(again).toMatchObject({ answer: { text: 'old' }, hit: false })
    expect(await answers.ask('lamp', fail)).toMatchObject({ answer: { text: 'old' }, hit: true })
  })
})
