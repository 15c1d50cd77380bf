import fc from 'fast-check'

/** Bytes that are almost right, and bytes that are not: `corpus` with a few changes, `words` among them, or noise. */
export function almost(corpus: readonly Buffer[], words: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const place = fc.nat({ max: 4_096 })
  const change = fc.oneof<fc.Arbitrary<Change>[]>(
    fc.tuple(place, fc.nat({ max: 7 })).map(([at, bit]) => flip(at, bit)),
    fc.tuple(place, fc.nat({ max: 255 })).map(([at, byte]) => splice(at, 1, Buffer.from([byte]))),
    fc.tuple(place, fc.constantFrom(...words)).map(([at, word]) => splice(at, 0, word)),
    fc.tuple(place, fc.constantFrom(...words)).map(([at, word]) => splice(at, word.length, word)),
    fc.tuple(place, fc.nat({ max: 16 })).map(([at, length]) => splice(at, length, Buffer.alloc(0))),
    fc.tuple(place, place, fc.nat({ max: 64 })).map(([from, to, length]) => copy(from, to, length)),
    place.map((at) => (bytes) => bytes.subarray(0, at % (bytes.length + 1))),
  )
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom(...corpus), fc.array(change, { minLength: 1, maxLength: 6 }))
        .map(([bytes, changes]) => changes.reduce((changed, apply) => apply(changed), bytes)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((some) => Buffer.concat(some)) },
  )
}

type Change = (bytes: Buffer) => Buffer

const splice =
  (place: number, length: number, put: Buffer): Change =>
  (bytes) => {
    const at = place % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + length)])
  }

const flip =
  (place: number, bit: number): Change =>
  (bytes) => {
    if (bytes.length === 0) return bytes
    const changed = Buffer.from(bytes)
    const at = place % bytes.length
    changed.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at)
    return changed
  }

const copy =
  (from: number, to: number, length: number): Change =>
  (bytes) => {
    const start = from % (bytes.length + 1)
    return splice(to, 0, bytes.subarray(start, start + length))(bytes)
  }
