import { encodeValue } from '../entry/codec.ts'
import type { CompressionOptions } from '../entry/compression.ts'
import { lifetimeOf } from '../entry/freshness.ts'
import type { Origin } from '../entry/origin.ts'
import { packEntry } from '../entry/pack.ts'
import { UncacheableValueError } from '../errors.ts'
import { tagsOf } from '../load/lead.ts'
import type { Entry } from '../protocol/store.ts'
import type { Settings } from './settings.ts'

/**
 * A value that was not loaded but given, on its way to an entry: it is refused at once, or packed when its origin is known.
 *
 * @throws {UncacheableValueError} and what the function of its tags throws.
 */
export function givenValue(
  key: string,
  value: unknown,
  settings: Settings,
  compression: CompressionOptions | undefined,
): (origin: Origin) => Promise<Entry> {
  const { format } = settings
  const payload = encodeValue(format.codec, key, value)
  if (payload.length > format.maxValueSize)
    throw new UncacheableValueError(key, `${payload.length} bytes, above maxValueSize (${format.maxValueSize})`)
  const tags = tagsOf(settings.tags, value, key)
  const negative = value === null
  const lifetime = lifetimeOf(settings, negative, Math.random())
  return async (origin) => {
    const header = { negative, freshFor: lifetime.freshFor, cost: 0, origin, tags }
    return { raw: await packEntry(payload, header, format, compression), ...lifetime }
  }
}
