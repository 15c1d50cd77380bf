import { refuseNonObject, refuseUnknown, shown } from '../cache/settings.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import type { Embedder } from './embedder.ts'
import { EmbedderError } from './errors.ts'
import { unitVector } from './vector.ts'

export interface OpenAiEmbedderOptions {
  /** As the server names it, 1 to 100 characters. */
  readonly model: string
  /** Up to and without `/embeddings`; with no credentials in it. Default `'https://api.openai.com/v1'`. */
  readonly url?: string
  /** Sent as a bearer token, and in no error, event or key. None for a server that wants none. */
  readonly apiKey?: string
  /** Asked of a model that makes vectors of several lengths, and checked. Default: as the model has it, and not asked for. */
  readonly dimensions?: number
  /** How often it is asked again after 429, 500, 502, 503, 504 or a lost connection. 0 to 10. Default 2. */
  readonly retries?: number
}

interface Server {
  readonly model: string
  readonly endpoint: URL
  readonly headers: Record<string, string>
  readonly dimensions: number | undefined
  readonly id: string
}

const retried: ReadonlySet<number> = new Set([429, 500, 502, 503, 504])
/** Before the second try, in milliseconds; doubled before each other, and jittered. */
const firstPause = 200
/** A server that wants more patience than this is not asked again, in milliseconds. */
const longestPause = 10_000
/** Of an answer, in bytes: a vector of 4096 numbers has a hundred thousand. */
const largestAnswer = 4 * 1024 * 1024

/**
 * Embeddings of a server that has OpenAI's API, such as OpenAI itself, vLLM, Ollama or LocalAI. Where a server says how long to
 * wait, it is waited for so long, up to ten seconds, and never longer than the signal of the call allows.
 *
 * @throws {InvalidOptionsError} which shows neither the key nor what is in a URL.
 *
 * @example
 * const embedder = openAiEmbedder({ model: 'text-embedding-3-small', apiKey: process.env.OPENAI_API_KEY })
 *
 * @see https://platform.openai.com/docs/api-reference/embeddings/create
 */
export function openAiEmbedder(options: OpenAiEmbedderOptions, clock: Clock = systemClock): Embedder {
  const { retries, ...server } = resolveServer(options)
  return {
    id: server.id,
    dimensions: server.dimensions,
    embed: async (text, { signal }) => {
      for (let tries = 1; ; tries++) {
        const asked = await ask(text, server, signal)
        if (asked instanceof Float32Array) return asked
        const pause = asked.pause ?? firstPause * 2 ** (tries - 1) * (1 + Math.random())
        if (tries > retries || pause > longestPause) throw asked.error
        await waited(pause, signal, clock).catch(() => {
          throw gaveUp(server, signal)
        })
      }
    },
  }
}

/** Why a server has to be asked again, and how long it wants to be left alone, in milliseconds. */
interface Again {
  readonly error: EmbedderError
  readonly pause: number | undefined
}

/** @throws {EmbedderError} where it is of no use to ask again. */
async function ask(text: string, server: Server, signal: AbortSignal): Promise<Float32Array | Again> {
  const { model, endpoint, headers, dimensions, id } = server
  const lost = (cause: unknown): Again => {
    if (signal.aborted) throw gaveUp(server, signal)
    return { error: failed(server, 'unreachable', 'cannot be reached', { cause }), pause: undefined }
  }
  const body = JSON.stringify({
    model,
    input: text,
    encoding_format: 'float',
    ...(dimensions === undefined ? {} : { dimensions }),
  })
  let response: Response
  try {
    // A redirect would carry the question, if not the key, to another server.
    response = await fetch(endpoint, { method: 'POST', headers, body, signal, redirect: 'error' })
  } catch (cause) {
    return lost(cause)
  }
  const { status } = response
  if (status !== 200) {
    await response.body?.cancel().catch(() => {})
    const error = failed(server, 'refused', `answered ${status} (${adviceOn(status)})`, { status })
    if (!retried.has(status)) throw error
    return { error, pause: retryAfter(response.headers.get('retry-after')) }
  }

  let answer: Buffer | undefined
  try {
    answer = await bytesOf(response)
  } catch (cause) {
    return lost(cause)
  }
  if (!answer) throw failed(server, 'unreadable', `answered with more than ${largestAnswer} bytes`, { status })
  const embedding = embeddingIn(answer)
  if (!embedding) throw failed(server, 'unreadable', 'answered with what is no embedding', { status })
  return unitVector(embedding, id, dimensions)
}

/** Undefined if it is too large. */
async function bytesOf(response: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length
    if (size > largestAnswer) return undefined
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks)
}

function embeddingIn(answer: Buffer): ArrayLike<number> | undefined {
  try {
    const { data } = JSON.parse(answer.toString()) as { readonly data?: readonly { readonly embedding?: unknown }[] }
    const embedding = data?.[0]?.embedding
    return Array.isArray(embedding) ? (embedding as number[]) : undefined
  } catch {
    return undefined
  }
}

/** In milliseconds; undefined where a server does not say. One that names a date is away for long. */
function retryAfter(given: string | null): number | undefined {
  if (given === null) return undefined
  return /^\d+(\.\d+)?$/.test(given) ? Number(given) * 1_000 : Number.POSITIVE_INFINITY
}

function waited(pause: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const cancel = clock.after(pause, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    const abort = () => {
      cancel()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', abort, { once: true })
  })
}

function adviceOn(status: number): string {
  if (status === 401 || status === 403) return 'see option "apiKey"'
  if (status === 404) return 'see options "url" and "model"'
  if (status === 429) return 'it limits the rate'
  return status < 500 ? 'see options "model" and "dimensions"' : 'the server failed'
}

const gaveUp = (server: Server, signal: AbortSignal): EmbedderError =>
  failed(server, 'timeout', 'has not answered in time', { cause: signal.reason })

/** What the server said is left out: it may repeat a part of the key, or the text. */
const failed = (
  { model, endpoint }: Server,
  failure: 'unreachable' | 'timeout' | 'refused' | 'unreadable',
  what: string,
  about: { readonly status?: number; readonly cause?: unknown },
): EmbedderError => new EmbedderError(failure, `embed: ${JSON.stringify(model)} at ${endpoint.host} ${what}`, about)

function resolveServer(options: OpenAiEmbedderOptions): Server & { readonly retries: number } {
  refuseNonObject(options)
  const { model, url = 'https://api.openai.com/v1', apiKey, dimensions, retries = 2 } = options
  const problems: OptionProblem[] = []
  const check = (right: boolean, option: string, expected: string, got: string) => {
    if (!right) problems.push({ option, expected, got })
  }
  refuseUnknown(
    options,
    new Set<keyof OpenAiEmbedderOptions>(['model', 'url', 'apiKey', 'dimensions', 'retries']),
    problems,
  )
  const isModel = typeof model === 'string' && model.length > 0 && model.length <= 100 && !/\p{Surrogate}/u.test(model)
  check(isModel, 'model', "the name of a model, such as 'text-embedding-3-small'", shown(model))
  const base = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  check(
    base !== undefined && /^https?:$/.test(base.protocol) && base.username === '' && base.password === '',
    'url',
    "a URL of http or https without credentials, such as 'https://api.openai.com/v1'",
    typeof url === 'string' ? 'a text that is none' : shown(url),
  )
  check(
    apiKey === undefined || (typeof apiKey === 'string' && /^[!-~]+$/.test(apiKey)),
    'apiKey',
    'the key as text, without white space',
    typeof apiKey === 'string' ? 'another text' : typeof apiKey,
  )
  check(
    dimensions === undefined || (Number.isInteger(dimensions) && dimensions > 0),
    'dimensions',
    'a whole number above 0, such as 512',
    shown(dimensions),
  )
  check(
    Number.isInteger(retries) && retries >= 0 && retries <= 10,
    'retries',
    'a whole number from 0 to 10',
    shown(retries),
  )
  if (problems.length > 0 || !base) throw new InvalidOptionsError(problems)

  const endpoint = new URL(base)
  endpoint.pathname = `${base.pathname.replace(/\/+$/, '')}/embeddings`
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  }
  const id = dimensions === undefined ? `openai/${model}` : `openai/${model}/${dimensions}`
  return { model, endpoint, headers, dimensions, retries, id }
}
