import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { shown } from '../cache/settings.ts'
import { type Amendment, noValue, type Opening, type Shape, verdict } from '../cache/shape.ts'
import type { Codec } from '../entry/codec.ts'
import { fixedLength, isNegative, splitEntry } from '../entry/entry.ts'
import { InvalidOptionsError } from '../errors.ts'
import { acquired } from '../protocol/acquire.ts'
import type { RedisPort } from '../protocol/redis-port.ts'
import { runScript } from '../protocol/script.ts'
import type { Acquired, Attempt, Entry, Lease } from '../protocol/store.ts'
import { type Cells, packCells, unpackCells } from './cells.ts'
import type { Field } from './fields.ts'
import { acquireRecordScript, fillRecordScript, openRecordScript, updateRecordScript } from './scripts.generated.ts'

/** The field of a hash that holds the header. No field of a record can be called so. */
const headerField = '@'

/** The texts of some fields; null: the hash does not have it any more. */
export type FieldChange = ReadonlyMap<string, Buffer | null>

/** A record as a Redis hash: the header, and a field for each of its own that is not null. */
export class RecordShape implements Shape<FieldChange> {
  readonly codec: Codec
  /** In the order of their names. */
  readonly #declared: readonly Field[]
  readonly #readable: readonly Field[]

  /** @param readable Those that are read: all, or a part. */
  constructor(declared: readonly Field[], readable: readonly Field[] = declared) {
    // In whatever order they are declared: so are their places in a payload.
    this.#declared = declared.toSorted((one, other) => (one.name < other.name ? -1 : 1))
    this.#readable = readable
    const types = this.#declared.map(({ name, type }) => `${name}:${type}`).join()
    this.codec = {
      id: `record.${createHash('sha256').update(types).digest('hex').slice(0, 12)}`,
      encode: (record) => (record === null ? Buffer.alloc(0) : packCells(this.#cellsOf(record))),
      decode: (payload) => (payload.length === 0 ? null : this.#recordOf(unpackCells(payload, declared.length))),
    }
  }

  /** The same, of which only these fields are read. @throws {InvalidOptionsError} for a field that is not declared. */
  part(names: readonly string[]): RecordShape {
    const declared = this.#declared.map(({ name }) => name)
    if (!Array.isArray(names) || names.length === 0 || !names.every((name) => declared.includes(name))) {
      const expected = `some of the declared fields: ${declared.join(', ')}`
      throw new InvalidOptionsError([{ option: 'names', expected, got: shown(names) }])
    }
    return new RecordShape(
      this.#declared,
      this.#readable.filter(({ name }) => names.includes(name)),
    )
  }

  /** Of the declared fields that are given. @throws {TypeError} without any, or for a value that it cannot bring back. */
  changeOf(fields: object): FieldChange {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw new TypeError('fields are expected, such as { stock: 4 }')
    // Those of a class too, which are not its own.
    const written = this.#declared.filter(
      ({ name }) => name in fields && !(name in Object.prototype && !Object.hasOwn(fields, name)),
    )
    if (written.length === 0) throw new TypeError('a declared field is expected, such as { stock: 4 }')
    return new Map(written.map((field) => [field.name, textOf(field, (fields as Record<string, unknown>)[field.name])]))
  }

  async read(redis: RedisPort, key: string): Promise<Buffer | null> {
    const read = [headerField, ...this.#readable.map(({ name }) => name)]
    const reply = await redis.callBuffer('hmget', [key, ...read]).catch(noValue)
    return reply === null ? null : this.#rawOf(reply as Cells)
  }

  async acquire(redis: RedisPort, key: string, attempt: Attempt): Promise<Acquired> {
    const { token, ttl, void: unreadable, stale } = attempt
    // What a reader would have refreshed is over by its clock: there is nothing to be served meanwhile.
    const args = [token, ttl, unreadable ?? stale ?? '', ...this.#readable.map(({ name }) => name)]
    const reply = await runScript(redis, acquireRecordScript, [key], args)
    return acquired(reply, attempt, (cells) => this.#rawOf(cells as Cells) ?? undefined)
  }

  async fill(redis: RedisPort, key: string, { head }: Lease, { raw, ttl }: Entry): Promise<'accepted' | 'rejected'> {
    const { header, payload } = splitEntry(raw)
    const cells = unpackCells(payload, this.#declared.length)
    const fields = this.#declared.flatMap(({ name }, place) => {
      const text = cells[place]
      return text ? [name, text] : []
    })
    return verdict('fillRecord', await runScript(redis, fillRecordScript, [key], [head, header, ttl, ...fields]))
  }

  async open(redis: RedisPort, key: string, { id, ttl, format }: Opening): Promise<boolean> {
    const reply = await runScript(redis, openRecordScript, [key], [id, ttl, format])
    return verdict('openRecord', reply) === 'accepted'
  }

  async amend(
    redis: RedisPort,
    key: string,
    { opened, id, change }: Amendment<FieldChange>,
  ): Promise<'accepted' | 'rejected'> {
    const written = [...change].flatMap(([name, text]) => (text === null ? [] : [name, text]))
    const gone = [...change].flatMap(([name, text]) => (text === null ? [name] : []))
    const args = [opened, id, written.length / 2, ...written, ...gone]
    return verdict('updateRecord', await runScript(redis, updateRecordScript, [key], args))
  }

  amended(payload: Buffer, change: FieldChange): Buffer {
    const cells = unpackCells(payload, this.#declared.length)
    return packCells(
      this.#declared.map(({ name }, place) => {
        const changed = change.get(name)
        return changed === undefined ? (cells[place] ?? null) : changed
      }),
    )
  }

  sizeOf(change: FieldChange): number {
    return [...change.values()].reduce((size, text) => size + (text?.length ?? 0), 0)
  }

  #cellsOf(record: unknown): Cells {
    if (typeof record !== 'object') throw new TypeError(`a record or null is expected, not ${typeof record}`)
    return this.#declared.map((field) => textOf(field, (record as Record<string, unknown>)[field.name]))
  }

  #recordOf(cells: Cells): Record<string, unknown> {
    return Object.fromEntries(
      this.#readable.map(({ name, isNullable, read }) => {
        const text = cells[this.#declared.findIndex((field) => field.name === name)] ?? null
        if (text === null && !isNullable) throw new TypeError(`field "${name}" is missing`)
        if (text !== null && !isUtf8(text)) throw new TypeError(`field "${name}" is no text`)
        return [name, text === null ? null : read(text.toString())]
      }),
    )
  }

  /** Of the header and the fields that are read. */
  #rawOf([header = null, ...texts]: Cells): Buffer | null {
    if (header === null) return null
    const newline = Buffer.from('\n')
    if (header.length > fixedLength && isNegative(header)) return Buffer.concat([header, newline])
    const cells = this.#declared.map((field) => texts[this.#readable.indexOf(field)] ?? null)
    return Buffer.concat([header, newline, packCells(cells)])
  }
}

function textOf({ name, isNullable, write }: Field, value: unknown): Buffer | null {
  if (value === null && isNullable) return null
  try {
    return Buffer.from(write(value))
  } catch (error) {
    throw new TypeError(`field "${name}": ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
