import { expectTypeOf, it } from 'vitest'
import type { CacheAside } from '../../src/index.ts'
import { type Answer, type Embedder, SemanticCache } from '../../src/semantic/index.ts'

declare const cache: CacheAside
declare const embedder: Embedder
const load = () => ({ text: 'Bring it back.' })

it('a question has to have all of the metadata, and no other', () => {
  const answers = new SemanticCache({ cache, name: 'answers', embedder, metadata: ['tenant', 'model'] })
  void answers.ask('lamp', load, { metadata: { tenant: 'acme', model: 'large' }, ttl: '5m' })
  // @ts-expect-error without any
  void answers.ask('lamp', load)
  // @ts-expect-error without the model
  void answers.ask('lamp', load, { metadata: { tenant: 'acme' } })
  // @ts-expect-error with another
  void answers.ask('lamp', load, { metadata: { tenant: 'acme', model: 'large', language: 'en' } })

  void answers.invalidateWhere({ tenant: 'acme' })
  // @ts-expect-error no name of it
  void answers.invalidateWhere({ language: 'en' })
})

it('one without metadata needs no options', () => {
  const answers = new SemanticCache({ cache, name: 'answers', embedder })
  void answers.ask('lamp', load)
  void answers.ask('lamp', load, { tags: ['policy'] })
  // @ts-expect-error there is none
  void answers.ask('lamp', load, { metadata: { tenant: 'acme' } })
})

it('an answer is what its loader returns', () => {
  const answers = new SemanticCache({ cache, name: 'answers', embedder })
  expectTypeOf(answers.ask('lamp', load)).resolves.toEqualTypeOf<Answer<{ text: string }>>()
  const similarity = (answer: Answer<string>) => (answer.hit ? answer.similarity : 0)
  expectTypeOf(similarity).returns.toEqualTypeOf<number>()
})
