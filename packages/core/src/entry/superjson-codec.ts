import { SuperJSON, type SuperJSONResult } from 'superjson'
import type { Codec } from './codec.ts'
import { type Losses, neverUndefined, refuseLosses } from './losses.ts'

/** One of our own: what an application registers with superjson would have to be the same in every process. */
const superjson = new SuperJSON()

/**
 * JSON with a note of what JSON has no word for: readable in redis-cli, and slower than the others.
 *
 * `Date`, `Map`, `Set`, bigints, `undefined` in properties and arrays, `NaN`, infinities and minus zero come back as they
 * were; one object in two places comes back as two, and an array of a class as an array. Properties named by symbols are
 * left out.
 *
 * Refused, because superjson would lose them in silence or could not read them again: `undefined` itself, functions,
 * symbols, cycles, invalid dates, arrays with gaps or with properties of their own, `Buffer`s and typed arrays, objects of
 * a class, and properties named `__proto__`, `constructor` or `prototype`.
 *
 * It trusts its Redis in one thing: the notes of a large payload can be made up so that reading them takes long.
 */
export const superjsonCodec: Codec = {
  id: 'superjson',
  encode: (value) => {
    refuseLosses(value, losses)
    const { json, meta } = superjson.serialize(value)
    // Not which objects are one: putting them together again mixes up the members of a Set.
    return Buffer.from(JSON.stringify(meta?.values === undefined ? { json } : { json, meta: notes(meta) }))
  },
  decode: (payload) => {
    const { json, meta } = JSON.parse(payload.toString()) as Partial<SuperJSONResult>
    if (json === undefined) throw new TypeError('holds no JSON')
    if (meta === undefined) return json
    if (!isOurs(meta.values)) throw new TypeError('notes a kind of value that is never written')
    return neverUndefined(superjson.deserialize({ json, meta: notes(meta) }, { inPlace: true }))
  },
}

type Meta = NonNullable<SuperJSONResult['meta']>

const notes = ({ values, v = 0 }: Meta): Meta => ({ values, v })

/** superjson reads more kinds than are written here, and makes a typed array of any length that a payload asks for. */
const kinds: ReadonlySet<unknown> = new Set(['undefined', 'bigint', 'Date', 'number', 'map', 'set'])

function isOurs(tree: unknown): boolean {
  if (!Array.isArray(tree)) return Object.values(tree ?? {}).every(isOurs)
  const [kind, inside] = tree as unknown[]
  return kinds.has(kind) && Object.values(inside ?? {}).every(isOurs)
}

const reserved: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const losses: Losses = {
  codec: 'superjson',
  key: (name) => (reserved.has(name) ? 'one that superjson refuses' : undefined),
  cycle: 'a cycle, which superjson cannot hold',
  oddArray: 'an array with gaps or with properties, which superjson would lose',
  invalidDate: 'an invalid Date, which superjson would turn into null',
  bytes: 'binary, which superjson cannot bring back',
  instance: 'an object of a class, which superjson would treat as JSON does, its dates and maps as well',
}
