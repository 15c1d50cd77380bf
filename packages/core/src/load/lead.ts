import type { BulkheadPolicy } from 'cockatiel'
import { encodeValue } from '../entry/codec.ts'
import type { CompressionOptions } from '../entry/compression.ts'
import { type Format, isLease, readEntry, type Seen, type SeenValue } from '../entry/entry.ts'
import { type FreshnessSettings, lifetimeOf } from '../entry/freshness.ts'
import { packEntry } from '../entry/pack.ts'
import { newToken } from '../entry/token.ts'
import type { CacheEvent } from '../events.ts'
import type { Store } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'
import { HeldLease } from './held-lease.ts'
import { type Loader, type Retry, runLoader } from './run-loader.ts'
import type { Flight } from './single-flight.ts'
import { pauseBeforeRetry } from './waiting.ts'

/** How a flight ended. Who boarded before `asOf`, and the leader, may have what it brought. */
export type LoadOutcome =
  /** `loadedBy`: this flight's loader, or another process whose value was found. */
  | { readonly kind: 'entry'; readonly payload: Buffer; readonly asOf: number; readonly loadedBy: 'us' | 'another' }
  /** The loader declined caching. The value is the loader's own. */
  | { readonly kind: 'declined'; readonly value: unknown; readonly asOf: number }
  /** `cause` is what the loader threw, as it was thrown. */
  | { readonly kind: 'failed'; readonly cause: unknown }
  /** Another process is about this refresh, and nobody here waits for it. */
  | { readonly kind: 'left' }

export interface LoadSettings extends FreshnessSettings {
  readonly leaseTtl: number
  readonly loadTimeout: number
  /** After a refresh has failed, the next one is put off for so long. */
  readonly retryAfter: number
  readonly retry: Retry | undefined
}

export interface LoadRequest {
  readonly key: string
  readonly storeKey: string
  readonly load: Loader<unknown>
  /** What its caller has read. `away`: the store is not to be asked for a lease. */
  readonly seen: Seen | { readonly kind: 'away' }
  /** Nobody waits for it: when another process is about it, that will do. */
  readonly behind: boolean
  readonly settings: LoadSettings
  /** Whether a value may be served without a load. */
  readonly serves: (value: SeenValue) => boolean
}

export interface LoadSurroundings {
  readonly store: Store
  readonly format: Format
  readonly compression: CompressionOptions | undefined
  readonly clock: Clock
  /** Lets so many loaders run at a time. */
  readonly turns: BulkheadPolicy
  readonly report: (event: CacheEvent) => void
}

/** The course of a flight: take the lease, or the value another process brings; load; fill. Never rejects. */
export async function lead(flight: Flight, request: LoadRequest, around: LoadSurroundings): Promise<LoadOutcome> {
  const taken = await takeLease(flight, request, around)
  if (taken.kind === 'value') return { kind: 'entry', payload: taken.payload, asOf: taken.asOf, loadedBy: 'another' }
  if (taken.kind === 'left') return taken
  return loadAndFill(flight, taken.kind === 'lease' ? taken.lease : undefined, request, around)
}

type Taken =
  | { readonly kind: 'lease'; readonly lease: HeldLease }
  | { readonly kind: 'value'; readonly payload: Buffer; readonly asOf: number }
  | { readonly kind: 'left' }
  /** Redis is away, a writer is at work, or others have held the key for longer than one lease can live. */
  | { readonly kind: 'none' }

async function takeLease(flight: Flight, request: LoadRequest, around: LoadSurroundings): Promise<Taken> {
  const { store, format, clock, report } = around
  const { key, storeKey } = request
  const { leaseTtl: ttl, loadTimeout } = request.settings
  const token = newToken()
  const giveUpAt = clock.now() + loadTimeout + ttl
  let { seen } = request

  if (seen.kind === 'away') {
    // Nothing here waits for the network: a caller that reads in a loop would keep the client from reconnecting.
    await new Promise(setImmediate)
    return { kind: 'none' }
  }
  for (let attempt = 0; clock.now() < giveUpAt; attempt++) {
    const stale = seen.kind === 'value' ? seen : undefined
    const unreadable = seen.kind === 'unreadable' ? seen.head : undefined
    const asOf = flight.mark()
    try {
      const reply = await store.acquire(storeKey, { token, ttl, stale: stale?.head, void: unreadable })
      if (reply.kind === 'barred') return { kind: 'none' }
      if (reply.kind === 'acquired') {
        const refreshed = isLease(reply.head) ? undefined : stale
        return { kind: 'lease', lease: new HeldLease({ head: reply.head, ttl }, refreshed, request, around) }
      }
      if (reply.kind === 'held') {
        if (request.behind && !flight.joined) return { kind: 'left' }
        await pauseBeforeRetry(clock, attempt, reply.remaining)
        continue
      }
      seen = readEntry(reply.raw, format)
      if (seen.kind === 'value' && request.serves(seen)) return { kind: 'value', payload: seen.payload, asOf }
      if (seen.kind === 'unreadable') report({ type: seen.outdated ? 'outdated' : 'corrupt', key, reason: seen.reason })
    } catch (error) {
      report({ type: 'store-error', operation: 'acquire', key, error })
      return { kind: 'none' }
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
  const { format, report } = around
  let began = flight.mark()
  /** The moment before the lease is asked whether it still stands, if it does; else that at which the loader was invoked. */
  const asOf = async (stands: () => Promise<boolean> | undefined): Promise<number> => {
    const current = flight.mark()
    return (await stands()) ? current : began
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
    retry: settings.retry,
    turns: around.turns,
    retrying: (attempt: number, error: unknown) => report({ type: 'retry', key, attempt, error }),
    begins: () => {
      began = flight.mark()
    },
  }
  const loaded = await runLoader(run, around.clock)
  letGo?.()

  const { duration } = loaded
  if (loaded.kind === 'failed') return fail(loaded.cause)
  if (loaded.kind === 'not-modified') {
    report({ type: 'load', key, duration })
    const { payload, lifetime } = loaded.stale
    const renewed = lifetimeOf(settings, lifetime.negative, Math.random(), loaded.ttl)
    return { kind: 'entry', payload, loadedBy: 'us', asOf: await asOf(() => lease?.renew(renewed)) }
  }
  if (loaded.declined) {
    report({ type: 'load', key, duration })
    return { kind: 'declined', value: loaded.value, asOf: await asOf(() => lease?.release()) }
  }
  let payload: Buffer
  try {
    payload = encodeValue(format.codec, key, loaded.value)
  } catch (cause) {
    return fail(cause)
  }
  report({ type: 'load', key, duration })
  const outcome = { kind: 'entry', payload, loadedBy: 'us' } as const
  if (payload.length > format.maxValueSize) {
    report({ type: 'oversize', key, size: payload.length })
    return { ...outcome, asOf: await asOf(() => lease?.release()) }
  }
  if (!lease) return { ...outcome, asOf: began }

  const negative = loaded.value === null
  const lifetime = lifetimeOf(settings, negative, Math.random(), loaded.ttl)
  const { freshFor } = lifetime
  const value = { negative, freshFor, cost: duration, etag: loaded.etag }
  let raw: Buffer
  try {
    raw = await packEntry(payload, value, format, around.compression)
  } catch (error) {
    report({ type: 'store-error', operation: 'compress', key, error })
    return { ...outcome, asOf: await asOf(() => lease.release()) }
  }
  const entry = { raw, ...lifetime }
  return { ...outcome, asOf: await asOf(() => lease.fillWith(entry)) }
}
