import { describe, expect, it } from 'vitest'
import { responseCodec } from './response-codec.ts'
import { pass, type Serialized } from './stored-response.ts'

const response = {
  format: 1,
  kind: 'serialized',
  status: 200,
  headers: { 'x-a': ['1', '2'] as string[], etag: 'W/"a"' },
} as const

describe('responseCodec', () => {
  it.each<Serialized>([
    { ...response, as: 'text', body: '{"id":1,"name":"Zoë 👋"}' },
    { ...response, as: 'text', body: '' },
    { ...response, as: 'text', body: 'two\nlines' },
    { ...response, as: 'bytes', body: Buffer.from([0, 255, 10, 10]) },
    { ...response, as: 'nothing', body: null },
    { ...response, status: 404, headers: { 'x-latin': 'Zoë' }, as: 'text', body: 'none' },
  ])('brings back $as: $body', (stored) => {
    expect(responseCodec.decode(responseCodec.encode(stored))).toEqual(stored)
  })

  it('brings back that nothing may be stored', () => {
    expect(responseCodec.decode(responseCodec.encode(pass))).toEqual(pass)
  })

  it('writes the body as it is sent, behind a line that a person can read', () => {
    const written = responseCodec.encode({ ...response, headers: {}, as: 'text', body: '{"id": 1}' })

    expect(written.toString()).toBe('{"format":1,"kind":"serialized","status":200,"headers":{},"as":"text"}\n{"id": 1}')
  })

  it('reads bytes that share no memory with what was read', () => {
    const payload = responseCodec.encode({ ...response, as: 'bytes', body: Buffer.from('abc') })
    const { body } = responseCodec.decode(payload) as Serialized

    payload.fill(0)

    expect(body).toEqual(Buffer.from('abc'))
  })

  it.each(['{"id":1}', 'text', { format: 1, kind: 'response', status: 200, headers: {}, body: 1 }, null])(
    'refuses to write %j',
    (value) => {
      expect(() => responseCodec.encode(value)).toThrow(TypeError)
    },
  )

  it.each([
    '',
    '{"id":1}',
    '{"id":1}\n',
    'null\n',
    '{"format":2,"kind":"serialized","status":200,"headers":{},"as":"text"}\nbody',
    '{"format":1,"kind":"response","status":200,"headers":{},"body":1}\n',
    '{"format":1,"kind":"serialized","status":200,"headers":{},"as":"else"}\nbody',
  ])('refuses to read %j', (payload) => {
    expect(() => responseCodec.decode(Buffer.from(payload))).toThrow()
  })
})
