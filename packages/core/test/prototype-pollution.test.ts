import v8 from 'node:v8'
import { msgpackrCodec } from '@cache-aside/core/msgpackr'
import { superjsonCodec } from '@cache-aside/core/superjson'
import { Packr } from 'msgpackr'
import { afterEach, describe, expect, it } from 'vitest'
import { type Codec, jsonCodec } from '../src/entry/codec.ts'
import { v8Codec } from '../src/entry/v8-codec.ts'

/** Each by itself, and several in a row: what is read often is read by other code. */
const hostile = [
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"a":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}',
  '{"__proto__":null}',
].flatMap((json) => [json, `[${Array<string>(6).fill(json).join()}]`])
const values = hostile.map((json) => JSON.parse(json) as unknown)

const records = new Packr({ moreTypes: true })
const maps = new Packr({ useRecords: false })
const links = [
  '["__proto__"]',
  '["constructor.prototype"]',
  '["__proto__.polluted"]',
  '["constructor.prototype.polluted"]',
]

const written: [Codec, Buffer[]][] = [
  [jsonCodec, hostile.map((json) => Buffer.from(json))],
  [v8Codec, values.map((value) => v8.serialize(value))],
  [
    msgpackrCodec,
    values.flatMap((value) => [records.pack(value), maps.pack(value)].map((bytes) => Buffer.from(bytes))),
  ],
  [
    superjsonCodec,
    [
      ...hostile.map((json) => `{"json":${json}}`),
      ...hostile.map((json) => `{"json":${json},"meta":{"values":{"0":["undefined"]},"v":1}}`),
      ...[
        '__proto__',
        'constructor.prototype',
        '__proto__.polluted',
        'constructor.prototype.polluted',
        'a.__proto__.x',
      ].map((path) => `{"json":{"a":{}},"meta":{"values":{"${path}":["undefined"]},"v":1}}`),
      ...links.map((to) => `{"json":{"a":{"polluted":true}},"meta":{"referentialEqualities":{"a":${to}},"v":1}}`),
      '{"json":{"a":1},"meta":{"values":{"a":[["class","__proto__"]]},"v":1}}',
    ].map((json) => Buffer.from(json)),
  ],
]

const prototypes: unknown[] = [Object.prototype, Array.prototype, Map.prototype]
const untouched = prototypes.map((prototype) => Reflect.ownKeys(prototype as object))

describe.each(written)('$id', (codec, payloads) => {
  afterEach(() => {
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(prototypes.map((prototype) => Reflect.ownKeys(prototype as object))).toEqual(untouched)
  })

  it('reads hostile bytes as plain data, or refuses them', () => {
    for (const payload of payloads) {
      expectPlain(
        orRefused(() => codec.decode(payload)),
        payload.toString('latin1'),
      )
    }
  })

  it('brings hostile values back as they are, or refuses them', () => {
    for (const json of hostile) {
      const back = orRefused(() => codec.decode(codec.encode(JSON.parse(json))))

      expectPlain(back, json)
      if (back !== undefined) expect(JSON.stringify(back)).toBe(json)
    }
  })
})

/** The prototypes are those of literals, all the way down, and what an object has is its own. */
function expectPlain(value: unknown, source: string): void {
  if (typeof value !== 'object' || value === null) return
  expect(prototypes.includes(Object.getPrototypeOf(value)), source).toBe(true)
  expect('polluted' in value, source).toBe(Object.hasOwn(value, 'polluted'))
  const inside = value instanceof Map ? [...value].flat() : Object.values(value)
  for (const one of inside) expectPlain(one, source)
}

function orRefused(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    return undefined
  }
}
