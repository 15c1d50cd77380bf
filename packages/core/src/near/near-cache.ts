import { LRUCache } from 'lru-cache'
import { copyJson, isJson, isShallow } from '../entry/codec.ts'
import { decodeValue, type Format, headLength, type SeenValue } from '../entry/entry.ts'
import { freeze, isFrozen } from '../entry/freeze.ts'
import { isExpired } from '../entry/freshness.ts'
import type { ChangeListener, Changes } from '../protocol/changes.ts'
import type { NamespaceKeys } from '../protocol/store.ts'

export interface NearSettings {
  /** At most. */
  readonly entries: number
  /** At most, as the store has them, their keys included. */
  readonly bytes: number
}

/** How a value was read. */
interface Read {
  readonly format: Format
  /** `declared`: those that the reader goes by. */
  readonly tags: { readonly declared: readonly string[] }
}

/** Of a read that may be kept: taken before it is sent, and void when its key changes meanwhile. */
export interface Mark {
  /** Of the tags, when it was taken. */
  readonly epoch: number
}

/** Between two hits that count as uses, where what was used least goes first. A power of two. */
const usesCounted = 16

/** A value as it was read. */
export interface Near {
  readonly seen: Omit<SeenValue, 'value' | 'payload'>
  readonly format: Format
  /** Its own, and those that its reader went by: of all it was known then that they are valid. */
  readonly tags: readonly string[]
  /** Of the tags, before it was read. */
  readonly epoch: number
  /** Until it is decoded. */
  payload: Buffer | undefined
  /** Decoded once, for all who take a copy of it or share it. */
  decoded: unknown
  isFrozen: boolean
  hits: number
}

/**
 * Values in this process (L1).
 *
 * Invariant: what is kept was read from the store under a mark that stood from before the read was sent until its reply
 * came. Whatever changes the key after that read is told, later than that by `lag` at most, or else nothing is served.
 */
export class NearCache implements ChangeListener {
  readonly #namespace: NamespaceKeys
  readonly #changes: Changes
  readonly #kept: LRUCache<string, Near>
  readonly #marks = new Map<string, Mark>()
  /** Another one after each change of a tag: which tag it was is not told. */
  #epoch = 0

  constructor(settings: NearSettings, namespace: NamespaceKeys, changes: Changes) {
    this.#namespace = namespace
    this.#changes = changes
    this.#kept = new LRUCache({
      max: settings.entries,
      maxSize: settings.bytes,
      sizeCalculation: ({ payload }, key) => headLength + (payload?.length ?? 0) + key.length,
    })
    changes.listen(this)
  }

  get entries(): number {
    return this.#kept.size
  }

  get bytes(): number {
    return this.#kept.calculatedSize
  }

  /** @param declared Tags that the reader goes by. */
  get(storeKey: string, format: Format, declared: readonly string[]): Near | undefined {
    const near = this.#kept.peek(storeKey)
    if (near === undefined || near.format.codec !== format.codec) return undefined
    if (near.tags.length > 0 && near.epoch !== this.#epoch) return undefined
    if (declared.length > 0 && !declared.every((tag) => near.tags.includes(tag))) return undefined
    if (!this.#changes.areHeard) return undefined
    if (near.hits++ % usesCounted === 0) this.#kept.get(storeKey)
    return near
  }

  /** The value for one caller: a copy of its own, or what all share and nobody can change. */
  valueOf(near: Near): unknown {
    const { payload, format } = near
    if (payload) {
      const decoded = decodeValue(format, payload)
      near.isFrozen = format.freezes ? freeze(decoded) : isFrozen(decoded)
      if (!near.isFrozen && !(isJson(format.codec) && isShallow(decoded))) return decoded
      near.decoded = decoded
      near.payload = undefined
    }
    return near.isFrozen ? near.decoded : copyJson(near.decoded)
  }

  /** Before a read of the key is sent. Undefined: what it brings cannot be kept. */
  expect(storeKey: string): Mark | undefined {
    this.#changes.open()
    if (!this.#changes.areHeard) return undefined
    // A mark that stands was taken before this read too.
    const standing = this.#marks.get(storeKey)
    if (standing) return standing
    const mark = { epoch: this.#epoch }
    this.#marks.set(storeKey, mark)
    return mark
  }

  /** What a read has brought. */
  keep(storeKey: string, mark: Mark, seen: SeenValue, { format, tags: { declared } }: Read): void {
    if (this.#marks.get(storeKey) !== mark || isExpired(seen.lifetime)) return
    const tags = seen.tags.length + declared.length > 0 ? [...new Set([...declared, ...seen.tags])] : seen.tags
    const { epoch } = mark
    if (tags.length > 0 && epoch !== this.#epoch) return
    this.#kept.set(storeKey, { ...owned(seen), format, tags, epoch, decoded: undefined, isFrozen: false, hits: 0 })
  }

  /** The read is over. */
  unmark(storeKey: string, mark: Mark): void {
    if (this.#marks.get(storeKey) === mark) this.#marks.delete(storeKey)
  }

  changed(storeKey: string): void {
    if (storeKey === this.#namespace.generation) this.lost()
    else if (storeKey === this.#namespace.tagClock) this.forgetTagged()
    else this.forget(storeKey)
  }

  /** Anything may have changed. */
  lost(): void {
    this.#kept.clear()
    this.#marks.clear()
  }

  forget(storeKey: string): void {
    this.#kept.delete(storeKey)
    this.#marks.delete(storeKey)
  }

  forgetTagged(): void {
    this.#epoch += 1
  }
}

/** Of memory of its own: what was read is a part of whatever came over the network with it. */
function owned(seen: SeenValue): Pick<Near, 'seen' | 'payload'> {
  const { head, payload, lifetime, mark, etag, origin, tags } = seen
  const memory = Buffer.allocUnsafeSlow(payload.length)
  payload.copy(memory)
  return { seen: { kind: 'value', head: Buffer.from(head), lifetime, mark, etag, origin, tags }, payload: memory }
}
