import type { AbstractHttpAdapter } from '@nestjs/core'
import { Express } from './express.ts'
import { Fastify } from './fastify.ts'
import type { HttpResponse } from './http.ts'
import type { Sent } from './stored-response.ts'

/** How a framework makes of a body what it sends. */
export interface Framework {
  /** Whether something of the application's stands between the interceptors and the text of a body, and sees the body itself. */
  showsBodies(response: HttpResponse): boolean
  /**
   * The body as it would go out. Undefined where that cannot be told.
   *
   * @throws what the framework throws where it cannot serialize it.
   */
  serialize(response: HttpResponse, body: unknown): Sent | undefined
}

/** Undefined for an adapter that is not one of Nest's own. */
export function frameworkOf(adapter: AbstractHttpAdapter): Framework | undefined {
  switch (adapter.getType()) {
    case 'express':
      return new Express()
    case 'fastify':
      return new Fastify()
    default:
      return undefined
  }
}
