import { type ExecutionContext, Logger } from '@nestjs/common'
import { routeName } from './request-key.ts'

/** Tells developers what a route does otherwise than it was meant: once for the route and the topic, not for each request. */
export class Advice {
  readonly #logger: Logger
  readonly #given = new Set<string>()

  /** @param logs The name in the log lines. */
  constructor(logs: string) {
    this.#logger = new Logger(logs)
  }

  /** @param advice What follows the name of the route. */
  give(context: ExecutionContext, topic: string, advice: string): void {
    const route = routeName(context)
    if (this.#given.has(`${route} ${topic}`)) return
    this.#given.add(`${route} ${topic}`)
    this.#logger.warn(`${route}${advice}`)
  }
}
