import { type ExecutionContext, Logger } from '@nestjs/common'
import { routeName } from './request-key.ts'

/** In milliseconds. */
const pause = 60_000

/**
 * Logs what becomes of writes while Redis is away: the first of a route, and then one a minute, with how many there were
 * in between. Core has an event for each.
 */
export class WriteLog {
  readonly #logger: Logger
  readonly #routes = new Map<string, { readonly loggedAt: number; left: number }>()

  /** @param logs The name in the log lines. */
  constructor(logs: string) {
    this.#logger = new Logger(logs)
  }

  /** @param line What follows the name of the route. */
  error(context: ExecutionContext, line: string): void {
    const name = routeName(context)
    const last = this.#routes.get(name)
    const now = performance.now()
    if (last && now - last.loggedAt < pause) {
      last.left++
      return
    }
    this.#routes.set(name, { loggedAt: now, left: 0 })
    this.#logger.error(`${name} ${line}${last?.left ? ` (and ${last.left} more since the last such line)` : ''}`)
  }
}
