import type { BulkheadPolicy } from 'cockatiel'
import { encodeValue } from '../entry/codec.ts'
import type { CompressionOptions } from '../entry/compression.ts'
import { decodeValue, type Format, isLease, readEntry, type Seen, type SeenValue } from '../entry/entry.ts'
import { type FreshnessSettings, lifetimeOf } from '../entry/freshness.ts'
import { isSettling, type Origin } from '../entry/origin.ts'
import { packEntry } from '../entry/pack.ts'
import { newToken } from '../entry/token.ts'
import type { CacheEvent } from '../events.ts'
import type { Changes, Watch } from '../protocol/changes.ts'
import type { EntryStore } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'
import type { BatchMember } from './batch-load.ts'
import { HeldLease } from './held-lease.ts'
import { type Loader, type Retry, runLoader } from './run-loader.ts'
import type { Flight } from './single-flight.ts'
import { pauseBeforeRetry } from './waiting.ts'

/** When what a flight has brought was current, for those who boarded before. */
export interface Currency {
  /** For those who go by these tags, or by none. */
  readonly asOf: number
  readonly tags: readonly string[]
  /** For whatever tags somebody goes by: when the loader was invoked. 0: for nobody. */
  readonly began: number
}

/** The moment since when an outcome is known to be current, for somebody who goes by these tags. */
export function currentAsOf({ asOf, tags, began }: Currency, declared: readonly string[]): number {
  return declared.every((tag) => tags.includes(tag)) ? asOf : began
}

/** How a flight ended. Who boarded before it was current, and the leader, may have what it brought. */
export type LoadOutcome =
  /** `loadedBy`: this flight's loader, or another process whose value was found. */
  | ({ readonly kind: 'entry'; readonly loadedBy: 'us' | 'another' } & Payload & Currency)
  /** The loader declined caching. The value is the loader's own. */
  | ({ readonly kind: 'declined'; readonly value: unknown } & Currency)
  /** `cause` is what the loader threw, as it was thrown. */
  | { readonly kind: 'failed'; readonly cause: unknown }
  /** Another process is about this refresh, and nobody here waits for it. */
  | { readonly kind: 'left' }

/** A value as the codec wrote it. */
interface Payload {
  readonly payload: Buffer
  readonly format: Format
}

export interface LoadSettings extends FreshnessSettings {
  readonly leaseTtl: number
  readonly loadTimeout: number
  /** After a refresh has failed, the next one is put off for so long. */
  readonly retryAfter: number
  readonly retry: Retry | undefined
  readonly tags: Tagging
  /** How the value is written and read. */
  readonly format: Format
}

/** The tags of a value. */
export interface Tagging {
  /** Those that are known before it is loaded. */
  readonly declared: readonly string[]
  /** Those that the loaded value tells. @throws */
  readonly of: ((value: unknown, key: string) => readonly string[]) | undefined
}

export const isTagged = ({ declared, of }: Tagging): boolean => of !== undefined || declared.length > 0

/** @throws what the function of the value throws. */
export function tagsOf({ declared, of }: Tagging, value: unknown, key: string): readonly string[] {
  return of ? [...new Set([...declared, ...of(value, key)])] : declared
}

export interface LoadRequest {
  readonly key: string
  readonly storeKey: string
  readonly load: Loader<unknown>
  /** The batch that the key is loaded with. */
  readonly batch: BatchMember | undefined
  /** What its caller has read. `away`: the store is not to be asked for a lease. */
  readonly seen: Seen | { readonly kind: 'away' }
  /** Of the namespace, as its caller has read it. */
  readonly generation: string | undefined
  /** What is loaded now would be void: a writer is at work on one of its tags. */
  readonly barred: boolean
  /** Nobody waits for it: when another process is about it, that will do. */
  readonly behind: boolean
  readonly settings: LoadSettings
  /** Whether a value may be served without a load. */
  readonly serves: (value: SeenValue) => boolean
}

export interface LoadSurroundings {
  readonly store: EntryStore
  readonly changes: Changes
  readonly compression: CompressionOptions | undefined
  readonly clock: Clock
  /** Lets so many loaders run at a time. */
  readonly turns: BulkheadPolicy
  readonly validity: Validity
  readonly report: (event: CacheEvent) => void
}

/** What a load asks about its namespace; see `tags/validity.ts`. */
interface Validity {
  origin(generation: string | undefined, tagged: boolean): Promise<Origin>
  judgeFound(storeKey: string, seen: SeenValue, declared: readonly string[]): Promise<Seen>
  holds(origin: Origin, tags: readonly string[]): Promise<boolean>
  remember(storeKey: string, tags: readonly string[]): void
}

/** The course of a flight: take the lease, or the value another process brings; load; fill. Never rejects. */
export async function lead(flight: Flight, request: LoadRequest, around: LoadSurroundings): Promise<LoadOutcome> {
  const taken = await takeLease(flight, request, around)
  if (taken.kind === 'value') return { ...taken, kind: 'entry', loadedBy: 'another' }
  if (taken.kind === 'left') return taken
  return loadAndFill(flight, taken.kind === 'lease' ? taken.lease : undefined, request, around)
}

type Taken =
  | { readonly kind: 'lease'; readonly lease: HeldLease }
  | ({ readonly kind: 'value' } & Payload & Currency)
  | { readonly kind: 'left' }
  /** Redis is away, a writer is at work, or others have held the key for longer than one lease can live. */
  | { readonly kind: 'none' }

async function takeLease(flight: Flight, request: LoadRequest, around: LoadSurroundings): Promise<Taken> {
  const { store, changes, clock, validity, report } = around
  const { key, storeKey } = request
  const { leaseTtl: ttl, loadTimeout, tags, format } = request.settings
  const token = newToken()
  const giveUpAt = clock.now() + loadTimeout + ttl
  let { seen } = request

  if (seen.kind === 'away') {
    // Nothing here waits for the network: a caller that reads in a loop would keep the client from reconnecting.
    await new Promise(setImmediate)
    return { kind: 'none' }
  }
  if (request.barred || (request.generation && isSettling(request.generation))) return { kind: 'none' }

  for (let attempt = 0; clock.now() < giveUpAt; attempt++) {
    const stale = seen.kind === 'value' ? seen : undefined
    const replaceable = seen.kind === 'unreadable' || seen.kind === 'void' ? seen.head : undefined
    const tagged = isTagged(tags) || (stale !== undefined && stale.tags.length > 0)
    const originSince = (generation?: string): Promise<Origin | undefined> =>
      validity.origin(generation, tagged).catch((error: unknown) => {
        report({ type: 'store-error', operation: 'origin', key, error })
        return undefined
      })
    const asOf = flight.mark()
    let watch: Watch | undefined
    try {
      watch = changes.watch(storeKey)
      // Sent together. Who has waited for another's load asks again, once it is over.
      const origin = attempt === 0 ? originSince(request.generation) : undefined
      const reply = await store.acquire(storeKey, { token, ttl, stale: stale?.head, void: replaceable })
      if (reply.kind === 'barred') return { kind: 'none' }
      if (reply.kind === 'acquired') {
        if (reply.replaced !== undefined) report({ type: 'corrupt', key, reason: reply.replaced })
        const held = { head: reply.head, ttl }
        // Of the loader's own: its caller has been handed the other.
        const refreshed =
          isLease(reply.head) || !stale ? undefined : { ...stale, value: decodeValue(format, stale.payload) }
        const before = await (origin ?? originSince())
        if (before && !isSettling(before.generation))
          return { kind: 'lease', lease: new HeldLease(held, { stale: refreshed, origin: before }, request, around) }
        if (!refreshed) await store.release(storeKey, held)
        return { kind: 'none' }
      }
      if (reply.kind === 'held') {
        if (request.behind && !flight.joinedSince(0)) return { kind: 'left' }
        changes.open()
        const { remaining } = reply
        const pause = () => pauseBeforeRetry(clock, watch, attempt, remaining)
        // Others let go of the keys of a batch together, and are heard one after the other.
        const pauseTogether = () => pause().then(() => pauseBeforeRetry(clock, undefined, 0, remaining))
        await (request.batch ? request.batch.pause(pauseTogether) : pause())
        continue
      }
      seen = readEntry(reply.raw, format)
      if (seen.kind === 'value') seen = await validity.judgeFound(storeKey, seen, tags.declared)
      if (seen.kind === 'value' && request.serves(seen)) {
        const judgedBy = [...tags.declared, ...seen.tags]
        return { kind: 'value', payload: seen.payload, format, asOf, tags: judgedBy, began: 0 }
      }
      if (seen.kind === 'unreadable') report({ type: seen.outdated ? 'outdated' : 'corrupt', key, reason: seen.reason })
    } catch (error) {
      report({ type: 'store-error', operation: 'acquire', key, error })
      return { kind: 'none' }
    } finally {
      watch?.stop()
    }
  }
  return { kind: 'none' }
}

async function loadAndFill(
  flight: Flight,
  lease: HeldLease | undefined,
  request: LoadRequest,
  around: LoadSurroundings,
): Promise<LoadOutcome> {
  const { key, settings } = request
  const { validity, report } = around
  const { format } = settings
  let began = flight.mark()
  let tags: readonly string[] = []
  /** As of before the store is asked whether the lease still stands and nothing is voided, if so; else as of the load's begin. */
  const currency = async (stands: () => Promise<boolean> | undefined): Promise<Currency> => {
    const current = flight.mark()
    const holds = lease && flight.joinedSince(began) ? validity.holds(lease.origin, tags) : true
    const stood = await stands()
    return { asOf: stood && (await holds) ? current : began, tags, began }
  }

  const fail = async (cause: unknown): Promise<LoadOutcome> => {
    report({ type: 'load-error', key, duration: loaded.duration, error: cause })
    await lease?.giveUp(settings.retryAfter)
    return { kind: 'failed', cause }
  }

  const letGo = lease?.keep(around.clock)
  const run = {
    key,
    load: request.load,
    stale: lease?.stale,
    timeout: settings.loadTimeout,
    retry: request.batch ? undefined : settings.retry, // A batch tries again for all its keys at once.
    turns: request.batch?.turns ?? around.turns,
    retrying: (attempt: number, error: unknown) => report({ type: 'retry', key, attempt, error }),
    begins: () => {
      began = flight.mark()
    },
  }
  const loaded = await runLoader(run, around.clock)
  letGo?.()

  const { duration } = loaded
  if (loaded.kind === 'failed') return fail(loaded.cause)
  /** What its loader has found unchanged. */
  const kept = loaded.kind === 'not-modified' ? loaded.stale : undefined
  const value = loaded.kind === 'not-modified' ? loaded.stale.value : loaded.value
  try {
    tags = tagsOf(settings.tags, value, key)
  } catch (cause) {
    return fail(cause)
  }
  if (loaded.kind === 'loaded' && loaded.declined) {
    report({ type: 'load', key, duration })
    return { kind: 'declined', value, ...(await currency(() => lease?.release())) }
  }
  let payload: Buffer
  try {
    payload = kept?.payload ?? encodeValue(format.codec, key, value)
  } catch (cause) {
    return fail(cause)
  }
  report({ type: 'load', key, duration })
  const outcome = { kind: 'entry', payload, format, loadedBy: 'us' } as const
  if (payload.length > format.maxValueSize) {
    report({ type: 'oversize', key, size: payload.length })
    return { ...outcome, ...(await currency(() => lease?.release())) }
  }
  if (!lease) return { ...outcome, asOf: began, tags, began }

  const negative = value === null
  const lifetime = lifetimeOf(settings, negative, Math.random(), loaded.ttl)
  // With other tags than it had, it has to be written again.
  if (kept && isSameSet(tags, kept.tags)) return { ...outcome, ...(await currency(() => lease.renew(lifetime))) }
  const { freshFor } = lifetime
  const etag = loaded.kind === 'loaded' ? loaded.etag : kept?.etag
  const header = { negative, freshFor, cost: duration, etag, origin: lease.origin, tags }
  let raw: Buffer
  try {
    raw = await packEntry(payload, header, format, around.compression)
  } catch (error) {
    report({ type: 'store-error', operation: 'compress', key, error })
    return { ...outcome, ...(await currency(() => lease.release())) }
  }
  const entry = { raw, ...lifetime }
  validity.remember(request.storeKey, tags)
  return { ...outcome, ...(await currency(() => lease.fillWith(entry))) }
}

const isSameSet = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((each) => others.includes(each))
