import { InjectSemanticCache, SemanticCache, type SemanticStats } from '@cache-aside/nestjs/semantic'
import { Injectable } from '@nestjs/common'
import type { AnswerMetadata } from './assistant.cache.ts'
import { FaqModel } from './faq-model.ts'

/** An answer of the model, as it is cached. */
interface Completion {
  readonly text: string
  /** How long the model took, in milliseconds. */
  readonly took: number
}

export interface Reply {
  readonly text: string
  readonly hit: boolean
  /** To the nearest question that was answered before, if there is one. */
  readonly similarity: number | undefined
  /** What the answer was given to. */
  readonly question: string
  /** How long the model would have taken, in milliseconds; 0 where it was called. */
  readonly saved: number
}

export interface AssistantStats extends SemanticStats {
  /** Of calls that were not made, in milliseconds. */
  readonly savedTime: number
}

const unknown = 'I do not know that. Please ask somebody in the shop.'

@Injectable()
export class AssistantService {
  #savedTime = 0

  constructor(
    @InjectSemanticCache('answers') private readonly answers: SemanticCache<AnswerMetadata>,
    private readonly model: FaqModel,
  ) {}

  /** The question is all that the model is told: an answer that depends on who asks, or what was said before, is not for others. */
  async answer(question: string, tenant: string): Promise<Reply> {
    const metadata = { tenant, model: this.model.name }
    const { answer, ...found } = await this.answers.ask(question, ({ signal }) => this.#complete(question, signal), {
      metadata,
    })
    const saved = found.hit && answer ? answer.took : 0
    this.#savedTime += saved
    return {
      text: answer?.text ?? unknown,
      hit: found.hit,
      similarity: found.similarity,
      question: found.question,
      saved,
    }
  }

  /** Drops the answers of one shop: from then on, nobody is told there what was answered before. */
  async forget(tenant: string): Promise<void> {
    await this.answers.invalidateWhere({ tenant })
  }

  stats(): AssistantStats {
    return { ...this.answers.stats(), savedTime: this.#savedTime }
  }

  async #complete(question: string, signal: AbortSignal): Promise<Completion | null> {
    const start = performance.now()
    const text = await this.model.complete(question, signal)
    return text === null ? null : { text, took: Math.round(performance.now() - start) }
  }
}
