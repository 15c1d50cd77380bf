import type { RedisPort } from './redis-port.ts'

/** What a client knows of its cluster: by slot, the nodes that have it, the master first. */
interface SlotTable {
  readonly slots?: readonly (readonly string[] | undefined)[]
  readonly options?: { readonly keyPrefix?: string }
}

const polynomial = 0x1021
const crcOfByte = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ polynomial : crc << 1
  return crc
})

/** The master that serves `key`, such as `10.0.0.1:6379`, as far as the client has heard; `''` if it has not. */
export function nodeOf(cluster: RedisPort, key: string): string {
  const { slots, options } = cluster as SlotTable
  return slots?.[slotOf((options?.keyPrefix ?? '') + key)]?.[0] ?? ''
}

/**
 * The slot of a key: CRC16 (XMODEM) of the key, or of what stands in its first braces, modulo 16384.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
 */
export function slotOf(key: string): number {
  const start = key.indexOf('{')
  const end = start === -1 ? -1 : key.indexOf('}', start + 1)
  const hashed = end > start + 1 ? key.slice(start + 1, end) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) crc = ((crc << 8) & 0xffff) ^ (crcOfByte[(crc >> 8) ^ byte] as number)
  return crc % 16_384
}
