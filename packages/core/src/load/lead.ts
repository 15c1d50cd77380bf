import { type Codec, encodeValue } from '../entry/codec.ts'
import { encodeEntry, readEntry } from '../entry/entry.ts'
import { newToken } from '../entry/token.ts'
import type { CacheEvent } from '../events.ts'
import type { Lease, Store } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'
import { keepLease } from './lease-keeper.ts'
import { type Loader, runLoader } from './run-loader.ts'
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

export interface LoadRequest {
  readonly key: string
  readonly storeKey: string
  readonly load: Loader<unknown>
  /** False: Redis is away, do not ask it for a lease. */
  readonly leasable: boolean
  /** Head of an unreadable entry that the lease may replace. */
  readonly replacing: Buffer | undefined
  readonly leaseTtl: number
  readonly loadTimeout: number
  /** The hard TTL of a value, jitter included; `given` is what the loader set. */
  readonly ttlOf: (negative: boolean, given: number | undefined) => number
}

export interface LoadSurroundings {
  readonly store: Store
  readonly codec: Codec
  readonly clock: Clock
  readonly maxValueSize: number
  readonly report: (event: CacheEvent) => void
}

/** The course of a flight: take the lease, or the value another process brings; load; fill. Never rejects. */
export async function lead(flight: Flight, request: LoadRequest, around: LoadSurroundings): Promise<LoadOutcome> {
  const lease: Lease = { token: newToken(), ttl: request.leaseTtl }
  const taken = request.leasable ? await takeLease(flight, lease, request, around) : await withoutLease()
  if (taken.kind === 'value') return { kind: 'entry', payload: taken.payload, asOf: taken.asOf, loadedBy: 'another' }
  return loadAndFill(flight, taken.kind === 'acquired' ? lease : undefined, request, around)
}

/** Without Redis nothing here waits for the network: a caller that reads in a loop would keep the client from reconnecting. */
async function withoutLease(): Promise<Taken> {
  await new Promise(setImmediate)
  return { kind: 'none' }
}

type Taken =
  | { readonly kind: 'acquired' }
  | { readonly kind: 'value'; readonly payload: Buffer; readonly asOf: number }
  /** Redis is away, or other processes have held the key for longer than one lease can live. */
  | { readonly kind: 'none' }

async function takeLease(flight: Flight, lease: Lease, request: LoadRequest, around: LoadSurroundings): Promise<Taken> {
  const { store, codec, clock, report } = around
  const giveUpAt = clock.now() + request.loadTimeout + request.leaseTtl
  let { replacing } = request

  for (let attempt = 0; clock.now() < giveUpAt; attempt++) {
    const asOf = flight.mark()
    try {
      const reply = await store.acquire(request.storeKey, { ...lease, replacing })
      if (reply.kind === 'acquired') return reply
      if (reply.kind === 'held') {
        await pauseBeforeRetry(clock, attempt, reply.remaining)
        continue
      }
      const seen = readEntry(reply.raw, codec)
      if (seen.kind === 'value') return { kind: 'value', payload: seen.payload, asOf }
      if (seen.kind === 'unreadable') {
        report({ type: 'corrupt', key: request.key, reason: seen.reason })
        replacing = seen.head
      }
    } catch (error) {
      report({ type: 'store-error', operation: 'acquire', key: request.key, error })
      return { kind: 'none' }
    }
  }
  return { kind: 'none' }
}

async function loadAndFill(
  flight: Flight,
  lease: Lease | undefined,
  request: LoadRequest,
  around: LoadSurroundings,
): Promise<LoadOutcome> {
  const { key, storeKey } = request
  const { store, codec, clock, report } = around
  const storeError = (operation: string) => (error: unknown) => report({ type: 'store-error', operation, key, error })

  /** Ends the lease. True proves, as an accepted fill does, that no invalidation came while it stood. */
  const release = async (): Promise<boolean> => {
    if (!lease) return false
    return (await store.release(storeKey, lease.token).catch(storeError('release'))) === 'released'
  }

  const letGo =
    lease &&
    keepLease(store, clock, storeKey, lease, {
      lost: () => report({ type: 'lease-lost', key }),
      failed: storeError('extend'),
    })
  const began = flight.mark()
  const loaded = await runLoader(request.load, key, request.loadTimeout, clock)
  letGo?.()

  const { duration } = loaded
  if (loaded.kind === 'failed') {
    report({ type: 'load-error', key, duration, error: loaded.cause })
    await release()
    return { kind: 'failed', cause: loaded.cause }
  }
  report({ type: 'load', key, duration })

  const { value } = loaded
  const current = flight.mark()
  if (loaded.declined) return { kind: 'declined', value, asOf: (await release()) ? current : began }

  let payload: Buffer
  try {
    payload = encodeValue(codec, key, value)
  } catch (cause) {
    await release()
    return { kind: 'failed', cause }
  }
  const outcome = { kind: 'entry', payload, loadedBy: 'us' } as const
  if (payload.length > around.maxValueSize) {
    report({ type: 'oversize', key, size: payload.length })
    return { ...outcome, asOf: (await release()) ? current : began }
  }
  if (!lease) return { ...outcome, asOf: began }

  const negative = value === null
  const entry = encodeEntry(newToken(), codec, payload, negative)
  const ttl = request.ttlOf(negative, loaded.ttl)
  const reply = await store.fill(storeKey, { token: lease.token, entry, ttl }).catch(storeError('fill'))
  if (reply) report({ type: 'fill', key, accepted: reply === 'accepted' })
  return { ...outcome, asOf: reply === 'accepted' ? current : began }
}
