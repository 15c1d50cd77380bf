import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** What the requests of Express and Fastify share, as far as this package reads them. */
export interface HttpRequest {
  readonly method: string
  /** From `Host`, or from the headers of a proxy that the application trusts. */
  readonly hostname: string
  readonly headers: IncomingHttpHeaders
  readonly params: unknown
  readonly query: unknown
  readonly body?: unknown
}

/** What the responses of Express and Fastify share, as far as this package reads and writes them. */
export interface HttpResponse {
  readonly statusCode: number
  /** Node's response, where the framework has one of its own around it. */
  readonly raw?: ServerResponse
  getHeader(name: string): OutgoingHttpHeaders[string]
  getHeaders(): OutgoingHttpHeaders
  removeHeader(name: string): unknown
}

/** Whether what a `Content-Type` says is JSON: `application/json`, `application/problem+json`. */
export function isJsonType(type: OutgoingHttpHeaders[string]): boolean {
  return /^[^;]*json/i.test(String(type))
}
