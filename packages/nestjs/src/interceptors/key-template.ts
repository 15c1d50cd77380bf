import { cacheKey, InvalidKeyError, InvalidOptionsError } from '@cache-aside/core'
import type { HttpRequest } from './http.ts'

/**
 * A key, or a tag, with parts to fill in from a request: `product::id` is the literal `product` and the value of `id`.
 *
 * Two requests get the same one only if every value is the same; `1` and `'1'` are one value, as in `cacheKey`.
 */
export interface KeyTemplate {
  /** `@CacheKey('product::id')`, for log lines. */
  readonly written: string
  fill(request: HttpRequest): string
  /** As `fill`, for what is to be stored. @throws {InvalidKeyError} where it is misread. */
  fillToStore(request: HttpRequest): string
  /** Names that have no value in this request. */
  missing(request: HttpRequest): readonly string[]
  /** A literal part that is a path parameter the template does not read: `product:id`, where `product::id` was meant. */
  misread(request: HttpRequest): string | undefined
}

type Placeholder = { readonly name: string; readonly read: (request: HttpRequest) => unknown }
type Part = { readonly literal: string } | Placeholder

const sources = ['params', 'query', 'body', 'headers'] as const
const placeholderPattern = new RegExp(`^(?:[\\w$-]+|(?<source>${sources.join('|')})\\.(?<name>[^:\\s]+))$`)

/** Parts no value can make: `cacheKey` puts two hexadecimal digits after every `%`. */
const noValue = '%~'
const asJson = '%!'

/** @throws {InvalidOptionsError} naming `decorator`, with a template that would be right. */
export function parseTemplate(text: string, decorator: string): KeyTemplate {
  const parts = parseParts(text)
  if (parts === undefined) {
    throw new InvalidOptionsError([
      {
        option: decorator,
        expected:
          "parts joined by ':', such as 'product::id' (the text product, then the value of id), 'products:all' or 'cart::headers.x-tenant'",
        got: JSON.stringify(text) ?? 'undefined',
      },
    ])
  }
  const placeholders = parts.filter((part) => 'read' in part)
  const misreadable = parts
    .flatMap((part) => ('literal' in part ? part.literal : []))
    .filter((literal) => !placeholders.some(({ name }) => name === literal))
  const written = `${decorator}('${text}')`
  const fill = (request: HttpRequest) =>
    parts.map((part) => ('literal' in part ? part.literal : keyPart(part.read(request)))).join(':')
  const misread = ({ params }: HttpRequest) => misreadable.find((literal) => property(params, literal) !== undefined)

  return {
    written,
    fill,
    fillToStore: (request) => {
      const literal = misread(request)
      if (literal === undefined) return fill(request)
      throw new InvalidKeyError(
        `${written} names the same for every ":${literal}" of the route: for its value write "::${literal}"`,
      )
    },
    missing: (request) => placeholders.filter(({ read }) => read(request) === undefined).map(({ name }) => name),
    misread,
  }
}

/** A function of the application as it is, and text as a template. @throws {InvalidOptionsError} */
export function parseName<Make extends (given: never) => unknown>(
  name: string | Make,
  decorator: string,
): KeyTemplate | Make {
  return typeof name === 'function' ? name : parseTemplate(name, decorator)
}

function parseParts(text: unknown): Part[] | undefined {
  if (typeof text !== 'string') return undefined
  const parts: Part[] = []
  const segments = text.split(':')
  while (segments.length > 0) {
    const literal = segments.shift()
    // An empty segment is the second of two colons: a name follows.
    const part = literal ? literalPart(literal) : placeholderPart(segments.shift())
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts
}

/** What `cacheKey` would escape is a pattern or another template language: `product:*`, `product:{id}`. */
function literalPart(literal: string): Part | undefined {
  return /[$<]/.test(literal) || cacheKey(literal) !== literal ? undefined : { literal }
}

function placeholderPart(text = ''): Part | undefined {
  const match = placeholderPattern.exec(text)
  if (!match) return undefined
  const { source, name = text } = match.groups as { source?: (typeof sources)[number]; name?: string }
  if (source === undefined) {
    return { name, read: ({ params, query }) => property(params, name) ?? property(query, name) }
  }
  if (source === 'headers') return { name, read: ({ headers }) => property(headers, name.toLowerCase()) }
  return { name, read: (request) => property(request[source], name) }
}

function property(source: unknown, name: string): unknown {
  const readable = typeof source === 'object' && source !== null && Object.hasOwn(source, name)
  return readable ? (source as Readonly<Record<string, unknown>>)[name] : undefined
}

function keyPart(value: unknown): string {
  if (value === undefined) return noValue
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return cacheKey(value)
  return `${asJson}${cacheKey(JSON.stringify(value, sortProperties))}`
}

function sortProperties(_property: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
