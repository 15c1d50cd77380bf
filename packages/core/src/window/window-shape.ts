import { noValue, type Shape, verdict } from '../cache/shape.ts'
import { splitEntry } from '../entry/entry.ts'
import { acquired } from '../protocol/acquire.ts'
import { runScript } from '../protocol/script.ts'
import type { Limit } from './limit.ts'
import { acquireWindowScript, appendScript, fillWindowScript, openWindowScript } from './scripts.generated.ts'
import { appended, packed, type Texts, unpacked, windowCodec } from './window-codec.ts'

const newline = Buffer.from('\n')

/**
 * A window: a Redis list, of its header and then its items, oldest first. What is changed of it is its end. See
 * `scripts/*.lua` for the states.
 */
export function windowShape(limit: Limit): Shape<Texts> {
  const { most, budget } = limit
  return {
    codec: windowCodec(limit),
    read: (redis, key) => redis.callBuffer('lrange', [key, 0, -1]).then((reply) => entryOf(reply) ?? null, noValue),
    async acquire(redis, key, attempt) {
      const { token, ttl, void: replaceable = '', stale = '' } = attempt
      const reply = await runScript(redis, acquireWindowScript, [key], [token, ttl, replaceable, stale])
      return acquired(reply, attempt, entryOf)
    },
    async fill(redis, key, { head }, { raw, ttl }) {
      const { header, payload } = splitEntry(raw)
      const args = [head, header, ttl, ...unpacked(payload)]
      return verdict('fillWindow', await runScript(redis, fillWindowScript, [key], args))
    },
    async open(redis, key, { id, ttl, format }) {
      return verdict('openWindow', await runScript(redis, openWindowScript, [key], [id, ttl, format])) === 'accepted'
    },
    async amend(redis, key, { opened, id, change }) {
      const args = [opened, id, most, budget?.tokens ?? '', ...change]
      return verdict('append', await runScript(redis, appendScript, [key], args))
    },
    amended: (payload, texts) => appended(payload, texts, limit),
    sizeOf: (texts) => texts.reduce((size, { length }) => size + length, 0),
  }
}

/** The elements of a list as every other entry stands; undefined where there are none. */
function entryOf(elements: unknown): Buffer | undefined {
  if (!Array.isArray(elements)) return undefined
  const [header, ...items] = elements as Buffer[]
  return header && Buffer.concat([header, newline, packed(items)])
}
