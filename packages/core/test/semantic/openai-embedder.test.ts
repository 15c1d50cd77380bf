import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { CacheAside, InvalidOptionsError, MemoryStore } from '../../src/index.ts'
import { EmbedderError, openAiEmbedder, type OpenAiEmbedderOptions, SemanticCache } from '../../src/semantic/index.ts'
import { ManualClock } from '../manual-clock.ts'
import { heard } from './on-every-index.ts'

const apiKey = 'sk-very-secret-0123456789'
const never = new AbortController().signal

interface Request {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

type Reply = (response: ServerResponse) => unknown

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

/** A server that answers one request after the other, the last reply again and again. */
async function serve(...replies: [Reply, ...Reply[]]): Promise<{ readonly url: string; readonly requests: Request[] }> {
  const requests: Request[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url, headers } = request
      requests.push({ method, url, headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
      const reply = replies.length > 1 ? replies.shift() : replies[0]
      reply?.(response)
    })
  })
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, requests }
}

const json =
  (body: unknown): Reply =>
  (response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
const vector = (...embedding: unknown[]): Reply => json({ object: 'list', data: [{ index: 0, embedding }] })
const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  (response) =>
    response.writeHead(code, headers).end(JSON.stringify({ error: { message: `Incorrect API key: ${apiKey}` } }))
const silent: Reply = () => {}

const embedder = (options: Partial<OpenAiEmbedderOptions>, clock?: ManualClock) =>
  openAiEmbedder({ model: 'small', apiKey, ...options }, clock)

async function failureOf(embedding: unknown): Promise<EmbedderError> {
  const error: unknown = await Promise.resolve(embedding).then(
    () => new Error('was embedded'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(EmbedderError)
  expect(inspect(error, { depth: 10 })).not.toContain(apiKey)
  return error as EmbedderError
}

describe('a server with the API of OpenAI', () => {
  it('is asked for the embedding of a text', async () => {
    const { url, requests } = await serve(vector(3, 4))
    const small = embedder({ url })

    expect(small.id).toBe('openai/small')
    expect(Array.from(await small.embed('lamp', { signal: never }))).toEqual([0.6, 0.8].map(Math.fround))
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: '/v1/embeddings',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: { model: 'small', input: 'lamp', encoding_format: 'float' },
      },
    ])
    expect(requests[0]?.body).not.toHaveProperty('dimensions')
  })

  it('is asked for the dimensions that are wanted, and needs no key', async () => {
    const { url, requests } = await serve(vector(0, 1))
    const short = openAiEmbedder({ model: 'small', url: `${url}/?version=2`, dimensions: 2 })

    expect(short).toMatchObject({ id: 'openai/small/2', dimensions: 2 })
    await short.embed('lamp', { signal: never })
    expect(requests).toMatchObject([{ url: '/v1/embeddings?version=2', body: { dimensions: 2 } }])
    expect(requests[0]?.headers).not.toHaveProperty('authorization')
  })

  it.each([429, 500, 502, 503, 504])('is asked again after %i, when it says', async (code) => {
    const { url, requests } = await serve(
      status(code, { 'retry-after': '0' }),
      status(code, { 'retry-after': '0.001' }),
      vector(1),
    )

    expect(Array.from(await embedder({ url }).embed('lamp', { signal: never }))).toEqual([1])
    expect(requests).toHaveLength(3)
  })

  it('is asked again after a pause of its own choice, where it says nothing', async () => {
    const { url, requests } = await serve(status(500), (response) => response.destroy(), vector(1))

    expect(Array.from(await embedder({ url }).embed('lamp', { signal: never }))).toEqual([1])
    expect(requests).toHaveLength(3)
  })

  it('is not asked more often than it may be', async () => {
    const { url, requests } = await serve(status(429, { 'retry-after': '0' }))

    expect(await failureOf(embedder({ url, retries: 1 }).embed('lamp', { signal: never }))).toMatchObject({
      code: 'EMBEDDER',
      failure: 'refused',
      status: 429,
      message: `embed: "small" at ${new URL(url).host} answered 429 (it limits the rate)`,
    })
    expect(requests).toHaveLength(2)
  })

  it.each([
    ['an hour', '3600'],
    ['until a date', 'Wed, 21 Oct 2026 07:28:00 GMT'],
  ])('is not asked again when it wants to be left alone for %s', async (_, patience) => {
    const { url, requests } = await serve(status(503, { 'retry-after': patience }))

    expect(await failureOf(embedder({ url }).embed('lamp', { signal: never }))).toMatchObject({ status: 503 })
    expect(requests).toHaveLength(1)
  })

  it.each([
    [400, 'see options "model" and "dimensions"'],
    [401, 'see option "apiKey"'],
    [403, 'see option "apiKey"'],
    [404, 'see options "url" and "model"'],
    [501, 'the server failed'],
    [204, 'see options "model" and "dimensions"'],
  ])('is not asked again after %i, and the error says what to look at', async (code, advice) => {
    const { url, requests } = await serve((response) => response.writeHead(code).end())

    const error = await failureOf(embedder({ url }).embed('lamp', { signal: never }))
    expect(error).toMatchObject({ failure: 'refused', status: code })
    expect(error.message).toContain(advice)
    expect(requests).toHaveLength(1)
  })

  it('does not repeat what it says: that may be a part of the key', async () => {
    const { url } = await serve(status(401))
    expect((await failureOf(embedder({ url }).embed('lamp', { signal: never }))).message).toBe(
      `embed: "small" at ${new URL(url).host} answered 401 (see option "apiKey")`,
    )
  })

  it('does not send the question somewhere else', async () => {
    const elsewhere = await serve(vector(1))
    const { url } = await serve(status(307, { location: `${elsewhere.url}/embeddings` }))

    expect(await failureOf(embedder({ url, retries: 0 }).embed('lamp', { signal: never }))).toMatchObject({
      failure: 'unreachable',
    })
    expect(elsewhere.requests).toHaveLength(0)
  })

  it('that is not there is an error', async () => {
    const { url } = await serve(silent)
    const [server] = servers.splice(0)
    server?.close()
    if (server) await once(server, 'close')

    expect(await failureOf(embedder({ url, retries: 0 }).embed('lamp', { signal: never }))).toMatchObject({
      failure: 'unreachable',
      status: undefined,
      message: `embed: "small" at ${new URL(url).host} cannot be reached`,
    })
  })

  it.each<[string, Reply]>([
    ['no JSON', (response) => response.end('<html>')],
    ['half of it', (response) => response.end('{"data":[{"embedding":[0.1,')],
    ['nothing', (response) => response.end()],
    ['other JSON', json({ data: [] })],
    ['no list', json({ data: [{ embedding: 'AAAA' }] })],
    ['null', json(null)],
  ])('that answers with %s is an error', async (_, reply) => {
    const { url, requests } = await serve(reply)

    expect(await failureOf(embedder({ url }).embed('lamp', { signal: never }))).toMatchObject({
      failure: 'unreadable',
      status: 200,
      message: `embed: "small" at ${new URL(url).host} answered with what is no embedding`,
    })
    expect(requests).toHaveLength(1)
  })

  it('that never stops answering is not listened to any longer', async () => {
    let closed = () => {}
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve
    })
    const { url } = await serve((response) => {
      const more = () => {
        while (response.write('9'.repeat(64 * 1024)));
      }
      response.on('close', closed).on('drain', more).write('{"data":[{"embedding":[')
      more()
    })

    expect(await failureOf(embedder({ url }).embed('lamp', { signal: never }))).toMatchObject({
      failure: 'unreadable',
      message: `embed: "small" at ${new URL(url).host} answered with more than 4194304 bytes`,
    })
    await isClosed
  })

  it.each([
    [[0.1, 0.2], '"openai/small/3" gave 2 dimensions instead of 3'],
    [[0, 0, 0], '"openai/small/3" gave a vector without a direction'],
    [[1, null, 3], '"openai/small/3" gave a vector with what is no number'],
  ])('that answers with the vector %j is an error', async (embedding, message) => {
    const { url } = await serve(vector(...embedding))

    expect(await failureOf(embedder({ url, dimensions: 3 }).embed('lamp', { signal: never }))).toMatchObject({
      failure: 'vector',
      message: `embed: ${message}`,
    })
  })

  it('that does not answer is given up with the signal', async () => {
    const { url, requests } = await serve(silent)
    const abort = new AbortController()
    const embedding = failureOf(embedder({ url }).embed('lamp', { signal: abort.signal }))
    while (requests.length === 0) await new Promise(setImmediate)
    abort.abort()

    expect(await embedding).toMatchObject({ failure: 'timeout' })
    expect(requests).toHaveLength(1)
  })

  it('that is to be asked again is given up with the signal too', async () => {
    const { url, requests } = await serve(status(429, { 'retry-after': '9' }))
    const clock = new ManualClock()
    const abort = new AbortController()
    const embedding = failureOf(embedder({ url }, clock).embed('lamp', { signal: abort.signal }))
    while (clock.timers === 0) await new Promise(setImmediate)
    expect(clock.nextDelay).toBe(9_000)
    abort.abort()

    expect(await embedding).toMatchObject({ failure: 'timeout' })
    expect(clock.timers).toBe(0)
    expect(requests).toHaveLength(1)
  })

  it('that fails leaves the question to its loader, and no trace of the key', async () => {
    const { url } = await serve(status(401))
    const cache = new CacheAside({ namespace: 'test', store: new MemoryStore() })
    const answers = new SemanticCache({ cache, name: 'answers', embedder: embedder({ url }) })
    const errors = heard(answers, 'embed-error')

    expect(await answers.ask('lamp', () => 'called')).toMatchObject({ answer: 'called' })
    expect(errors).toMatchObject([{ error: { code: 'EMBEDDER', status: 401 } }])
    expect(inspect([answers, errors, embedder({ url })], { depth: 20, showHidden: true })).not.toContain(apiKey)
  })
})

describe('options of an embedder', () => {
  const problemsOf = (options: object): string => {
    try {
      openAiEmbedder({ model: 'small', ...options })
    } catch (error) {
      if (error instanceof InvalidOptionsError) return error.message
      throw error
    }
    return ''
  }

  it.each<[string, object]>([
    ['model', { model: '' }],
    ['model', { model: 'm'.repeat(101) }],
    ['url', { url: 'api.openai.com' }],
    ['url', { url: 'ftp://api.openai.com/v1' }],
    ['url', { url: `https://user:${apiKey}@api.openai.com/v1` }],
    ['apiKey', { apiKey: '' }],
    ['apiKey', { apiKey: `${apiKey}\n` }],
    ['apiKey', { apiKey: { key: apiKey } }],
    ['dimensions', { dimensions: 0 }],
    ['retries', { retries: 11 }],
    ['timeout', { timeout: 5 }],
  ])('a wrong %s is refused, and shows no secret', (option, wrong) => {
    expect(problemsOf(wrong)).toMatch(new RegExp(`^option "${option}": expected [^;]*$`))
    expect(problemsOf(wrong)).not.toContain(apiKey)
  })
})
