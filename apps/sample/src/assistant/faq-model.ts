import { setTimeout } from 'node:timers/promises'
import { Injectable } from '@nestjs/common'
import { Config } from '../config.ts'
import { faq } from './faq.ts'

/** Stands for a language model: it takes its time, and whoever calls it twice pays twice. */
@Injectable()
export class FaqModel {
  /** An answer is one of this model: give it another name, and none of its answers is served any more. */
  readonly name = 'faq-1'

  constructor(private readonly config: Config) {}

  /** Null for what it does not know. */
  async complete(question: string, signal: AbortSignal): Promise<string | null> {
    await setTimeout(this.config.modelLatency, undefined, { signal })
    const asked = question.toLowerCase()
    return faq.find(({ words }) => words.every((word) => asked.includes(word)))?.answer ?? null
  }
}
