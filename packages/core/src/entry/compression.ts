import { promisify } from 'node:util'
import * as zlib from 'node:zlib'

export type Compression = 'gzip' | 'brotli' | 'zstd'

export interface CompressionOptions {
  /** Default `'gzip'`. `'zstd'` is the fastest of the three, and needs Node 22.15 or newer in every process that reads. */
  readonly algorithm?: Compression
  /** Smaller payloads are stored as they are. Bytes, default 1024. */
  readonly threshold?: number
}

/** How a payload is stored: as it is, or by gzip, brotli or zstd. */
export type CompressionMark = '-' | 'g' | 'b' | 'z'

export interface Compressed {
  readonly mark: CompressionMark
  readonly payload: Buffer
}

/** The part of `node:zlib` that older Nodes lack. */
interface Zstd {
  zstdCompress(payload: Buffer, done: (error: Error | null, compressed: Buffer) => void): void
  zstdDecompressSync(compressed: Buffer, options: zlib.ZlibOptions): Buffer
}

interface Algorithm {
  readonly mark: CompressionMark
  readonly compress: (payload: Buffer) => Promise<Buffer>
  /** Throws before it has made more than `maxOutputLength` bytes and a chunk. */
  readonly decompress: (compressed: Buffer, options: { maxOutputLength: number }) => Buffer
}

const gzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip)
const brotli = promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliCompress)

const algorithms: Partial<Record<Compression, Algorithm>> = {
  gzip: {
    mark: 'g',
    compress: async (payload) => gzip(payload, { level: 4 }),
    decompress: (compressed, options) => zlib.gunzipSync(compressed, options),
  },
  brotli: checked({
    mark: 'b',
    compress: async (payload) =>
      brotli(payload, {
        params: {
          [zlib.constants.BROTLI_PARAM_QUALITY]: 5,
          [zlib.constants.BROTLI_PARAM_SIZE_HINT]: payload.length,
        },
      }),
    decompress: (compressed, options) => zlib.brotliDecompressSync(compressed, options),
  }),
  ...zstdOf(zlib as Partial<Zstd>),
}

const byMark = new Map(Object.values(algorithms).map((algorithm) => [algorithm.mark as string, algorithm]))

/** What this Node can do. */
export const supportedCompressions: readonly Compression[] = Object.freeze(Object.keys(algorithms) as Compression[])

/**
 * Compresses in the thread pool. What is below the threshold, or does not get smaller, stays as it is.
 *
 * @throws {TypeError} for an algorithm that this Node does not have; see `supportedCompressions`.
 */
export async function compress(
  payload: Buffer,
  { algorithm = 'gzip', threshold = 1024 }: CompressionOptions,
): Promise<Compressed> {
  const chosen = algorithms[algorithm]
  if (chosen === undefined) throw new TypeError(`this Node (${process.version}) has no ${algorithm}`)
  if (payload.length < threshold) return { mark: '-', payload }

  const compressed = await chosen.compress(payload)
  return compressed.length < payload.length ? { mark: chosen.mark, payload: compressed } : { mark: '-', payload }
}

/**
 * Gives the payload back, whatever algorithm this process writes with.
 *
 * @param limit The longest payload to give back, in bytes, 1 or more. No more is allocated for a longer one.
 * @throws on bytes that are cut or changed, on more than `limit`, and on a mark that this version or this Node does not know.
 */
export function decompress(mark: string, payload: Buffer, limit: number): Buffer {
  if (mark === '-') {
    if (payload.length > limit) throw new RangeError(`a payload of ${payload.length} bytes, more than ${limit}`)
    return payload
  }
  const algorithm = byMark.get(mark)
  if (algorithm === undefined) throw new TypeError(`unknown compression ${JSON.stringify(mark)}`)
  return algorithm.decompress(payload, { maxOutputLength: limit })
}

function zstdOf({ zstdCompress, zstdDecompressSync }: Partial<Zstd>): { zstd?: Algorithm } {
  if (typeof zstdCompress !== 'function' || typeof zstdDecompressSync !== 'function') return {}
  return { zstd: checked({ mark: 'z', compress: promisify(zstdCompress), decompress: zstdDecompressSync }) }
}

/** Puts a checksum of the payload in front: brotli has none, and some Nodes give back the half of a zstd frame that is cut. */
function checked(algorithm: Algorithm): Algorithm {
  return {
    mark: algorithm.mark,
    compress: async (payload) => Buffer.concat([checksum(payload), await algorithm.compress(payload)]),
    decompress: (compressed, options) => {
      const payload = algorithm.decompress(compressed.subarray(checksumLength), options)
      if (!checksum(payload).equals(compressed.subarray(0, checksumLength))) throw new Error('wrong checksum')
      return payload
    },
  }
}

const checksumLength = 4

function checksum(payload: Buffer): Buffer {
  const bytes = Buffer.alloc(checksumLength)
  bytes.writeUInt32BE(zlib.crc32(payload))
  return bytes
}
