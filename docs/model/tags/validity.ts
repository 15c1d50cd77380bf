import type { Protocol } from './protocol.ts'
import { voidBefore } from './scripts.ts'
import { isSettling, type Readings, type Tag, type Value } from './store.ts'

export type Verdict = 'valid' | 'expired' | 'void'

/** What readings say of a value, as far as they were asked for: the worst of them counts. */
export function verdict(protocol: Protocol, value: Value, generation: string, all: readonly Readings[]): Verdict {
  if (value.origin.generation !== generation || isSettling(generation)) return 'void'
  const [first] = all
  let is: Verdict = 'valid'
  for (const readings of all) {
    const frame = protocol.judgesByFirst && first ? first : readings
    if (frame.id === '' && !protocol.lostIsNever) return 'void'
    if (frame.id !== value.origin.id && protocol.comparesId) return 'void'
    for (const tag of readings.asked) {
      if (!value.tags.includes(tag)) continue
      const missing = protocol.missingIsFloor ? frame.floor : 0
      const field = readings.fields[tag] ?? { void: missing, expired: missing, writers: [] }
      if (voidBefore(field) > value.origin.reading) return 'void'
      if (field.expired > value.origin.reading) is = 'expired'
    }
  }
  return is
}

/** Tags of the entry that nobody has asked for. */
export const unasked = (value: Value, asked: readonly Tag[]): Tag[] => value.tags.filter((tag) => !asked.includes(tag))
