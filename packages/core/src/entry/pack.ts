import { type CompressionOptions, compress } from './compression.ts'
import { encodeEntry, type Format } from './entry.ts'
import { newToken } from './token.ts'

/** A value of the codec's, as an entry of its own: compressed, under a fresh id. */
export async function packEntry(
  payload: Buffer,
  value: {
    readonly negative: boolean
    readonly freshFor: number
    readonly cost: number
    readonly etag?: string | undefined
  },
  format: Format,
  compression: CompressionOptions | undefined,
): Promise<Buffer> {
  const { negative, freshFor, cost, etag } = value
  const packed = compression ? await compress(payload, compression) : ({ mark: '-', payload } as const)
  const header = { id: newToken(), format: format.name, negative, freshFor, cost, etag, packing: packed.mark }
  return encodeEntry({ ...header, payload: packed.payload })
}
