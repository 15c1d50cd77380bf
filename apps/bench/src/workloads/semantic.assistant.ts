import { strictEqual } from 'node:assert'
import { CacheAside } from '@cache-aside/core'
import { hashingEmbedder, SemanticCache } from '@cache-aside/core/semantic'
import { mustNotLoad } from '../documents.ts'
import type { Asking } from './semantic.messages.ts'
import { Questions } from './semantic.questions.ts'

/** What an answer is: 1 KB. */
const answer = 'A lamp can be sent back for 30 days. '.repeat(28)
/** In the cache below, beside the answers. */
const kept = 'kept'

/** A question, and the same in other words. */
export type Learnt = ReturnType<Questions['next']>

/** A semantic cache on the Redis at a URL, as its documentation has it. */
export class Assistant {
  readonly #cache: CacheAside
  readonly #answers: SemanticCache
  readonly #questions: Questions

  private constructor(cache: CacheAside, questions: Questions) {
    this.#cache = cache
    this.#questions = questions
    // What is missed by the way is kept too, and must not take the place of what was learnt.
    const room = 100_000
    this.#answers = new SemanticCache({
      cache,
      name: 'answers',
      embedder: hashingEmbedder(),
      threshold: 0.9,
      maxEntries: room,
    })
  }

  static async open(url: string, questions: Questions, commandTimeout: number): Promise<Assistant> {
    const assistant = new Assistant(new CacheAside({ redis: url, namespace: 'semantic', commandTimeout }), questions)
    await assistant.#answers.connect()
    await assistant.#cache.getOrLoad(kept, async () => answer, { ttl: '1h' })
    return assistant
  }

  /** Asks for the first time. */
  async learn({ question }: Learnt): Promise<void> {
    const { hit } = await this.#answers.ask(question, async () => answer)
    if (hit) throw new Error(`another question was taken for it: ${question}`)
  }

  /** @throws unless it ends as it has to. */
  async ask(asking: Asking, { question, rephrased }: Learnt): Promise<void> {
    switch (asking) {
      case 'hit, same text': {
        const { hit, similarity } = await this.#answers.ask(question, mustNotLoad)
        return strictEqual(hit && similarity, 1)
      }
      case 'hit, rephrased': {
        const answered = await this.#answers.ask<unknown>(rephrased, mustNotLoad)
        return strictEqual(answered.question, question)
      }
      case 'miss':
        return this.learn(this.#questions.next())
      case 'getOrLoad, hit':
        return strictEqual(await this.#cache.getOrLoad<unknown>(kept, mustNotLoad), answer)
      default:
        throw new Error(`no such asking: ${String(asking satisfies never)}`)
    }
  }
}
