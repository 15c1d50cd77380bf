import { type CompressionOptions, compress } from './compression.ts'
import { encodeEntry, type Format } from './entry.ts'
import type { Origin } from './origin.ts'
import { newToken } from './token.ts'

/** A value of the codec's, as an entry of its own: compressed, under a fresh id. */
export async function packEntry(
  payload: Buffer,
  value: {
    readonly negative: boolean
    readonly freshFor: number
    readonly cost: number
    readonly etag?: string | undefined
    readonly origin: Origin
    readonly tags: readonly string[]
  },
  format: Format,
  compression: CompressionOptions | undefined,
): Promise<Buffer> {
  const packed = compression ? await compress(payload, compression) : ({ mark: '-', payload } as const)
  const header = { etag: undefined, ...value, id: newToken(), format: format.name, packing: packed.mark }
  return encodeEntry({ ...header, payload: packed.payload })
}
