import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Compression, compress, decompress, supportedCompressions } from './compression.ts'

const limit = 1024 * 1024
const json = Buffer.from(JSON.stringify(Array.from({ length: 100 }, (_, id) => ({ id, name: `Product ${id}` }))))

describe.each(supportedCompressions)('%s', (algorithm) => {
  it('brings every payload back, marked or not', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3_000 }),
      fc.string({ minLength: 200 }).map((text) => Buffer.from(text.repeat(20))),
    )

    await fc.assert(
      fc.asyncProperty(bytes, fc.nat({ max: 2_000 }), async (given, threshold) => {
        const { mark, payload } = await compress(Buffer.from(given), { algorithm, threshold })

        expect(decompress(mark, payload, limit).equals(given)).toBe(true)
        expect(payload.length).toBeLessThanOrEqual(given.length)
      }),
      { numRuns: 200 },
    )
  })

  it('gives back a payload of the limit, and none that is longer', async () => {
    const { mark, payload } = await compress(json, { algorithm })

    expect(decompress(mark, payload, json.length)).toEqual(json)
    expect(() => decompress(mark, payload, json.length - 1)).toThrow(RangeError)
  })

  it('refuses a bomb of a gigabyte without taking the memory', async () => {
    const { mark } = await compress(json, { algorithm })
    const compressed = await bombs[algorithm]()
    const before = process.resourceUsage().maxRSS

    expect(() => decompress(mark, compressed, limit)).toThrow(RangeError)

    expect(process.resourceUsage().maxRSS - before).toBeLessThan(100 * 1024)
  })

  it('never gives back something else: what was changed or cut throws, or was changed where nothing counts', async () => {
    const { mark, payload } = await compress(json, { algorithm })
    const damaged = fc.oneof(
      fc.tuple(fc.nat({ max: payload.length - 1 }), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
        const bytes = Buffer.from(payload)
        bytes.writeUInt8(bytes.readUInt8(at) ^ change, at)
        return bytes
      }),
      fc.nat({ max: payload.length - 1 }).map((length) => payload.subarray(0, length)),
    )

    let refused = 0
    fc.assert(
      fc.property(damaged, (bytes) => {
        const read = orRefused(() => decompress(mark, bytes, limit))

        if (read === 'refused') refused++
        else expect(read).toEqual(json)
      }),
      { numRuns: 1_000 },
    )
    expect(refused).toBeGreaterThan(900)
  })

  it('throws on what it has not made', async () => {
    const { mark } = await compress(json, { algorithm })

    for (const bytes of [Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(100), json]) {
      expect(() => decompress(mark, bytes, limit)).toThrow()
    }
  })

  it('compresses off the event loop', async () => {
    const happened: string[] = []
    const large = Buffer.concat(Array.from({ length: 500 }, () => json))

    const compressed = compress(large, { algorithm }).then(() => happened.push('compressed'))
    setImmediate(() => happened.push('the event loop went on'))
    await compressed

    expect(happened).toEqual(['the event loop went on', 'compressed'])
  })
})

describe('compress', () => {
  it('marks each algorithm with a letter of its own', async () => {
    const marks = await Promise.all(
      supportedCompressions.map(async (algorithm) => (await compress(json, { algorithm })).mark),
    )

    expect(marks).toEqual(['g', 'b', 'z'].slice(0, supportedCompressions.length))
  })

  it('uses gzip, from 1024 bytes on, unless told otherwise', async () => {
    const below = Buffer.alloc(1023, 'a')

    expect(await compress(below, {})).toEqual({ mark: '-', payload: below })
    expect(await compress(Buffer.alloc(1024, 'a'), {})).toMatchObject({ mark: 'g' })
  })

  it('keeps what would not get smaller', async () => {
    const payload = randomBytes(4096)

    expect(await compress(payload, {})).toEqual({ mark: '-', payload })
  })

  it('knows zstd where Node has it', () => {
    const has = typeof (zlib as { zstdCompress?: unknown }).zstdCompress === 'function'

    expect(supportedCompressions.includes('zstd')).toBe(has)
  })

  it('refuses an algorithm that this Node does not have', async () => {
    const algorithm = 'lz4' as Compression

    await expect(compress(json, { algorithm })).rejects.toThrow(
      new TypeError(`this Node (${process.version}) has no lz4`),
    )
  })
})

describe('decompress', () => {
  it('gives back what was not compressed, up to the limit', () => {
    expect(decompress('-', json, json.length)).toBe(json)
    expect(() => decompress('-', json, json.length - 1)).toThrow(RangeError)
  })

  it.each(['', 'x', 'G', 'gzip', '\0', '__proto__', 'constructor'])('throws on the mark %j', (mark) => {
    expect(() => decompress(mark, json, limit)).toThrow(TypeError)
  })
})

const megabyte = Buffer.alloc(1024 * 1024)
const checksumOfAnything = Buffer.alloc(4)

const bombs: Record<Compression, () => Promise<Buffer>> = {
  // One behind the other, they are one.
  gzip: async () => Buffer.concat(Array<Buffer>(1024).fill(zlib.gzipSync(megabyte))),
  brotli: () => bombBy(zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })),
  zstd: () => bombBy((zlib as unknown as { createZstdCompress(): zlib.BrotliCompress }).createZstdCompress()),
}

async function bombBy(compressor: zlib.BrotliCompress): Promise<Buffer> {
  const chunks: Buffer[] = [checksumOfAnything]
  compressor.on('data', (chunk: Buffer) => chunks.push(chunk))
  Readable.from(Array<Buffer>(1024).fill(megabyte)).pipe(compressor)
  await once(compressor, 'end')
  return Buffer.concat(chunks)
}

function orRefused(read: () => Buffer): Buffer | 'refused' {
  try {
    return read()
  } catch {
    return 'refused'
  }
}
