import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { ReadOptions } from '@cache-aside/core'
import { type CallHandler, type ExecutionContext, StreamableFile } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'
import { lastValueFrom, type Observable } from 'rxjs'
import { isNotModified } from './entity-tag.ts'
import type { Framework } from './framework.ts'
import type { HttpRequest, HttpResponse } from './http.ts'
import type { Route } from './route.ts'
import { over, standIn } from './stand-in.ts'
import {
  bodyOf,
  type Outgoing,
  pass,
  type Refusal,
  type Replayable,
  refusal,
  type StoredResponse,
  toGiven,
  toSerialized,
} from './stored-response.ts'

/** What the header `X-Cache` tells. */
export type CacheOutcome = 'MISS' | 'HIT' | 'STALE' | 'BYPASS'

/** What a run of the handler came to. */
export interface Handled {
  readonly body: unknown
  readonly stored: StoredResponse
  /** Why it may not be stored, if it may not. */
  readonly refused: Refusal | undefined
}

interface Surroundings {
  readonly route: Route
  readonly adapter: AbstractHttpAdapter
  readonly framework: Framework | undefined
}

/** A request, its response, and the runs of its handler: in front of the answer, or behind it. */
export class Exchange {
  readonly context: ExecutionContext
  readonly request: HttpRequest
  readonly route: Route
  /** The latest run in front of the answer. */
  run: Promise<Handled> | undefined
  /** Of what is stored: those that the request tells, and the others once the handler has run. */
  tags: readonly string[] = []
  /** Whether the client has its answer, or gets it without another run. */
  isAnswered = false
  readonly #next: CallHandler
  readonly #response: HttpResponse
  readonly #adapter: AbstractHttpAdapter
  readonly #framework: Framework | undefined
  /** Of a response that is stored as it is sent. */
  #serializer: Framework | undefined
  #over: Promise<void> | undefined
  #before: { readonly status: number; readonly headers: OutgoingHttpHeaders } | undefined

  constructor(context: ExecutionContext, next: CallHandler, { route, adapter, framework }: Surroundings) {
    const http = context.switchToHttp()
    this.context = context
    this.request = http.getRequest()
    this.route = route
    this.#next = next
    this.#response = http.getResponse()
    this.#adapter = adapter
    this.#framework = framework
  }

  /** Settles how the response is stored, before its handler runs; returns how it is read. */
  begin(): ReadOptions {
    const { route } = this
    const framework = route.sendsAsStored ? this.#framework : undefined
    this.#serializer = framework?.showsBodies(this.#response) ? undefined : framework
    const read = this.#serializer ? route.read.serialized : route.read.given
    const { tags } = route.settings
    if (tags.length === 0) return read
    return { ...read, tags: tags.some((tag) => typeof tag === 'function') ? () => this.tags : this.tags }
  }

  get url(): string {
    return this.#adapter.getRequestUrl(this.request) as string
  }

  get isSent(): boolean {
    return this.#adapter.isHeadersSent(this.#response) as boolean
  }

  /** Runs the handler for a client that waits for it. */
  handle(): Promise<Handled> {
    this.#startOver()
    // Before the handler: one that has `@Res()` may send the response itself.
    this.#tell('MISS')
    this.run = this.#handle()
    return this.run
  }

  /**
   * Runs the handler once more for a client that has its answer. Nothing of it reaches the client, nor those who log the
   * response: it gets a stand-in, which is, to begin with, what a run in front of the answer would find.
   *
   * @throws what the handler throws, and where the answer does not go out.
   */
  async handleBehind(): Promise<Handled> {
    const raw = this.#response.raw ?? (this.#response as HttpResponse & NonNullable<HttpResponse['raw']>)
    await (this.#over ??= over(raw))
    standIn(raw)
    this.#startOver()
    const handled = await this.#handle()
    discard(handled.body)
    return handled
  }

  /** Makes the response that of an earlier run; returns the body. */
  replay(stored: Replayable, outcome: CacheOutcome): unknown {
    this.#startOver()
    this.#adapter.status(this.#response, stored.status)
    this.#setHeaders(stored.headers)
    this.#tell(outcome)
    return this.#bodyOf(stored)
  }

  /** The body of the response of this run, as it is stored; sets what a hit would have besides. */
  complete(stored: Replayable): unknown {
    if (this.isSent) return bodyOf(stored)
    if (stored.kind === 'serialized') this.#setHeaders(stored.headers)
    return this.#bodyOf(stored)
  }

  /** Runs the handler as if there was no cache. */
  bypass(): Observable<unknown> {
    this.#tell('BYPASS')
    return this.#next.handle()
  }

  async #handle(): Promise<Handled> {
    const headersBefore = this.#response.getHeaders()
    const body: unknown = await lastValueFrom(this.#next.handle())
    if (this.isSent) return { body, stored: pass, refused: undefined }

    const outgoing = { status: this.#response.statusCode, headersBefore, headers: this.#response.getHeaders(), body }
    const { policy, key } = this.route.settings
    const refused = refusal(outgoing, policy, key !== undefined)
    return { body, stored: refused === undefined ? this.#toStored(outgoing) : pass, refused }
  }

  #toStored(outgoing: Outgoing): StoredResponse {
    if (!this.#serializer) return toGiven(outgoing)
    try {
      const sent = this.#serializer.serialize(this.#response, outgoing.body)
      return sent ? toSerialized(outgoing, sent) : pass
    } catch {
      // The framework says why when it sends the body.
      return pass
    }
  }

  /** Nothing where the client has it: of a response to HEAD the frameworks would tell another length then. */
  #bodyOf(stored: Replayable): unknown {
    const { status, headers } = stored
    const isAsked = this.request.method === 'GET' && status >= 200 && status < 300
    if (!isAsked || stored.kind !== 'serialized' || !isNotModified(this.request.headers, headers['etag']))
      return bodyOf(stored)
    this.#adapter.status(this.#response, 304)
    this.#response.removeHeader('content-type')
    return undefined
  }

  /** Takes back what a run that is of no use has set. */
  #startOver(): void {
    const response = this.#response
    if (this.#before === undefined) {
      this.#before = { status: response.statusCode, headers: response.getHeaders() }
      return
    }
    if (this.isSent) return
    for (const name of Object.keys(response.getHeaders())) response.removeHeader(name)
    this.#setHeaders(this.#before.headers)
    this.#adapter.status(response, this.#before.status)
  }

  #setHeaders(headers: OutgoingHttpHeaders): void {
    // Nest's type says text; both frameworks take what `getHeaders` gave, lists and numbers too.
    for (const [name, value] of Object.entries(headers)) this.#adapter.setHeader(this.#response, name, value as string)
  }

  #tell(outcome: CacheOutcome): void {
    this.#adapter.setHeader(this.#response, 'X-Cache', outcome)
  }
}

/** Nobody reads it: an open file would stay open. */
function discard(body: unknown): void {
  const stream: unknown = body instanceof StreamableFile ? body.getStream() : body
  if (stream instanceof Readable) stream.destroy()
}
