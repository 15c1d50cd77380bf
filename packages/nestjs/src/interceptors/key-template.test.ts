import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidOptionsError } from '@cache-aside/core'
import type { HttpRequest } from './http.ts'
import { parseTemplate } from './key-template.ts'

const request = (given: Partial<HttpRequest>): HttpRequest => ({
  method: 'GET',
  hostname: 'localhost',
  headers: {},
  params: {},
  query: {},
  ...given,
})

const key = (template: string, given: Partial<HttpRequest>) => parseTemplate(template, '@CacheKey').fill(request(given))

describe('a template', () => {
  it.each([
    { template: 'products:all', given: {}, filled: 'products:all' },
    { template: 'product::id', given: { params: { id: '7' } }, filled: 'product:7' },
    { template: ':id', given: { params: { id: '7' } }, filled: '7' },
    { template: ':id', given: { params: { id: 'a:b%' } }, filled: 'a%3Ab%25' },
    {
      template: 'product::id:in::lang',
      given: { params: { id: '7' }, query: { lang: 'de' } },
      filled: 'product:7:in:de',
    },
    { template: 'p::id', given: { params: { id: '7' }, query: { id: '8' } }, filled: 'p:7' },
    { template: 'p::query.id', given: { params: { id: '7' }, query: { id: '8' } }, filled: 'p:8' },
    { template: 'p::params.id', given: { params: { id: '7' }, query: { id: '8' } }, filled: 'p:7' },
    { template: 'p::body.sku', given: { body: { sku: 7 } }, filled: 'p:7' },
    { template: 'p::headers.X-Tenant', given: { headers: { 'x-tenant': 'acme' } }, filled: 'p:acme' },
    { template: 'p::page', given: {}, filled: 'p:%~' },
    { template: 'p::page', given: { query: { page: '' } }, filled: 'p:' },
    { template: 'p::body.sku', given: { body: undefined }, filled: 'p:%~' },
    { template: 'p::constructor', given: {}, filled: 'p:%~' },
    { template: 'p::tag', given: { query: { tag: ['a', 'b'] } }, filled: 'p:%!%5B"a","b"%5D' },
    { template: 'p::f', given: { query: { f: { b: '2', a: '1' } } }, filled: 'p:%!%7B"a"%3A"1","b"%3A"2"%7D' },
    { template: 'p::body.on', given: { body: { on: true } }, filled: 'p:%!true' },
    { template: 'p::body.on', given: { body: { on: null } }, filled: 'p:%!null' },
  ])('$template makes $filled', ({ template, given, filled }) => {
    expect(key(template, given)).toBe(filled)
  })

  it.each([
    '',
    ':',
    'product:',
    'product::',
    'product:::id',
    'product:*',
    'product:{id}',
    'product:${id}',
    'product:$id',
    'product:<id>',
    'a b',
    '::req.id',
    7,
  ])('%j is refused, with one that is right', (template) => {
    const parse = () => parseTemplate(template as string, '@CacheKey')

    expect(parse).toThrow(InvalidOptionsError)
    expect(parse).toThrow(/option "@CacheKey": expected .*'product::id'/)
  })

  it.each([
    { template: 'product:id', params: { id: '1' }, misread: 'id' },
    { template: 'product:id', params: {}, misread: undefined },
    { template: 'product::id', params: { id: '1' }, misread: undefined },
    { template: 'product::product', params: { product: '1' }, misread: undefined },
  ])('$template is misread on a route with $params: $misread', ({ template, params, misread }) => {
    expect(parseTemplate(template, '@CacheKey').misread(request({ params }))).toBe(misread)
  })

  it('makes one key of two requests only if every value is the same', () => {
    const { fill } = parseTemplate('list::query.a::query.b', '@CacheKey')
    // What stands in a URL is text; what a query parser or a body makes of it can be any JSON, or missing.
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('%~', '%!', '%!null', '%!["a"]', 'null', '["a"]', '{}', ':', '%', '%7E'),
    )
    const value = fc.oneof(
      text,
      fc.constant(undefined),
      fc.array(text),
      fc.dictionary(text, text),
      fc.jsonValue({ maxDepth: 2 }),
    )
    const query = fc.record({ a: value, b: value })

    fc.assert(
      fc.property(query, query, (one, other) => {
        const sameKey = fill(request({ query: one })) === fill(request({ query: other }))
        expect(sameKey).toBe(same(one.a, other.a) && same(one.b, other.b))
      }),
      { numRuns: 3_000 },
    )
  })

  it('makes the same key of objects that differ in the order of their properties', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (filter) => {
        const turned = Object.fromEntries(Object.entries(filter).toReversed())
        expect(key('p::f', { query: { f: turned } })).toBe(key('p::f', { query: { f: filter } }))
      }),
    )
  })
})

/** Equality as JSON sees it, but that a number is the same as its text. */
function same(one: unknown, other: unknown): boolean {
  const comparable = (value: unknown) => (typeof value === 'number' ? String(value) : value)
  return canonical(comparable(one)) === canonical(comparable(other))
}

function canonical(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const pairs = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`)
  return `{${pairs.toSorted().join()}}`
}
