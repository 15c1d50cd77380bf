import { ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'

/** How long a response may take to be over, in milliseconds: a slow client holds up the refresh behind it, not its readers. */
const patience = 1_000

/** All that a handler, or a framework on its behalf, does to a response and asks of it. */
const members = [
  ...(['statusCode', 'statusMessage', 'headersSent', 'finished', 'writableEnded', 'writableFinished'] as const),
  ...(['setHeader', 'setHeaders', 'appendHeader', 'removeHeader', 'addTrailers'] as const),
  ...(['getHeader', 'getHeaders', 'getHeaderNames', 'hasHeader'] as const),
  ...(['writeContinue', 'writeEarlyHints', 'writeHead', 'flushHeaders', 'write', 'end'] as const),
] satisfies readonly (keyof ServerResponse)[]

/**
 * Resolves when a response is over: the last byte is out, and those who log it have seen what it was.
 *
 * @throws where the client has gone before, or takes its time.
 */
export async function over(response: ServerResponse): Promise<void> {
  await finished(response, { signal: AbortSignal.timeout(patience) })
}

/**
 * Puts a new response in the place of one that is over: a handler that still holds it can set what it likes, which can
 * be read afterwards, and what it sends goes nowhere. It stays in place, for whatever the handler does too late.
 */
export function standIn(response: ServerResponse): void {
  const blank = new ServerResponse(response.req)
  for (const name of members) {
    Object.defineProperty(response, name, {
      configurable: true,
      get: () => {
        const member: unknown = blank[name]
        return typeof member === 'function' ? member.bind(blank) : member
      },
      set: (value: unknown) => {
        Reflect.set(blank, name, value)
      },
    })
  }
}
