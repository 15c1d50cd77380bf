import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { type CallHandler, type ExecutionContext, StreamableFile } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'
import { lastValueFrom, type Observable } from 'rxjs'
import type { HttpRequest, HttpResponse } from './http.ts'
import { type RouteSettings, routeSettings } from './route-settings.ts'
import { over, standIn } from './stand-in.ts'
import {
  bodyOf,
  pass,
  type Refusal,
  type Replayable,
  refusal,
  type StoredResponse,
  toStored,
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

/** A request, its response, and the runs of its handler: in front of the answer, or behind it. */
export class Exchange {
  readonly context: ExecutionContext
  readonly request: HttpRequest
  readonly settings: RouteSettings
  /** The latest run in front of the answer. */
  run: Promise<Handled> | undefined
  /** Of what is stored: those that the request tells, and the others once the handler has run. */
  tags: readonly string[] = []
  /** Whether the client has its answer, or gets it without another run. */
  isAnswered = false
  readonly #next: CallHandler
  readonly #response: HttpResponse
  readonly #adapter: AbstractHttpAdapter
  #over: Promise<void> | undefined
  #before: { readonly status: number; readonly headers: OutgoingHttpHeaders } | undefined

  constructor(context: ExecutionContext, next: CallHandler, adapter: AbstractHttpAdapter) {
    const http = context.switchToHttp()
    this.context = context
    this.request = http.getRequest()
    this.settings = routeSettings(context)
    this.#next = next
    this.#response = http.getResponse()
    this.#adapter = adapter
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
    return bodyOf(stored)
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
    const refused = refusal(outgoing, this.settings.policy, this.settings.key !== undefined)
    return { body, stored: refused === undefined ? toStored(outgoing) : pass, refused }
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
