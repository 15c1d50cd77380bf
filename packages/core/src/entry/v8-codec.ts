import v8 from 'node:v8'
import type { Codec } from './codec.ts'
import { neverUndefined, refuseLosses } from './losses.ts'

/**
 * The structured clone of Node: `Date`, `Map`, `Set`, bigints, `undefined` in properties, `NaN`, minus zero, gaps in
 * arrays, `Buffer`s, typed arrays and cycles come back as they were.
 *
 * An object of a class comes back as a plain object with its own enumerable properties, as with JSON, and an array of a
 * class as an array; an object with a `toJSON` is refused. Properties named by symbols are left out. Refused as well:
 * `undefined` itself, functions, symbols, and objects that are more than their properties, such as an `Error`, a `RegExp`,
 * a `URL` or an `ArrayBuffer`.
 *
 * The format is V8's: a process whose V8 is too old for it takes the entry for a miss. And it trusts its Redis: V8 makes
 * what the bytes ask for, so whoever may write there can exhaust the memory of this process, and end it.
 */
export const v8Codec: Codec = {
  id: 'v8',
  encode: (value) => {
    refuseLosses(value, { codec: 'v8' })
    return v8.serialize(value)
  },
  decode: (payload) => {
    const deserializer = new Deserializer(payload)
    deserializer.readHeader()
    return neverUndefined(deserializer.readValue())
  },
}

/** A hook that the types of Node leave out. */
interface ReadsHostObjects extends v8.Deserializer {
  _readHostObject(): NodeJS.ArrayBufferView
}

const { DefaultDeserializer } = v8 as unknown as {
  readonly DefaultDeserializer: new (payload: Buffer) => ReadsHostObjects
}

/** Node's own gives typed arrays the memory of the payload, or of its pool. */
class Deserializer extends DefaultDeserializer {
  override _readHostObject(): NodeJS.ArrayBufferView {
    const shared = super['_readHostObject']()
    const { buffer } = new Uint8Array(new Uint8Array(shared.buffer, shared.byteOffset, shared.byteLength))
    if (Buffer.isBuffer(shared)) return Buffer.from(buffer)
    return new (shared.constructor as new (own: ArrayBufferLike) => NodeJS.ArrayBufferView)(buffer)
  }
}
