import type { Lifetime } from './entry.ts'

/** How long values are fresh, and what may be done with those that are not. Milliseconds, but for the shares. */
export interface FreshnessSettings {
  /** Soft TTL. */
  readonly ttl: number
  readonly negativeTtl: number
  /** The share of a TTL that is taken off by chance. 0 to 1. */
  readonly jitter: number
  readonly staleWhileRevalidate: number
  readonly failSafe: number
  /** XFetch's beta; 0 turns it off. */
  readonly earlyRefresh: number
  /** The share of the soft TTL after which a value is refreshed, 1 for never. */
  readonly earlyRefreshAt: number
}

/** What a reader may do with a value. */
export type Freshness =
  /** Serve it. */
  | 'fresh'
  /** Serve it; it is time to refresh it. */
  | 'due'
  /** Serve it, and refresh it. */
  | 'stale'
  /** Load. If the loader fails, or takes too long, serve it. */
  | 'fallback'
  /** Load. */
  | 'over'

/** Whether a value may be served without a load. */
export const isServed = (judged: Freshness): boolean => judged === 'fresh' || judged === 'due' || judged === 'stale'

/** Whether somebody has ended its freshness, before its time was over. */
export const isExpired = ({ freshUntil, expiredByTag }: Lifetime): boolean => freshUntil === 0 || expiredByTag === true

/**
 * Judges a value by time alone.
 *
 * Early refresh: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
 * The longer its load took, the earlier one of its readers refreshes a value.
 *
 * @param now Server time in milliseconds.
 * @param chance From 0, inclusive, to 1.
 */
export function freshness(lifetime: Lifetime, settings: FreshnessSettings, now: number, chance: number): Freshness {
  const { freshUntil, freshFor, cost, negative } = lifetime
  if (isExpired(lifetime)) {
    // By call, its hard TTL ends it; by a tag, it is kept for as long as without.
    const isKept = freshUntil === 0 || now < freshUntil + settings.failSafe
    return isKept && settings.failSafe > 0 && !negative ? 'fallback' : 'over'
  }

  const left = freshUntil - now
  if (left > 0) {
    const early = cost * settings.earlyRefresh * -Math.log(1 - chance) >= left
    const late = settings.earlyRefreshAt < 1 && left <= freshFor * (1 - settings.earlyRefreshAt)
    return early || late ? 'due' : 'fresh'
  }
  if (negative) return 'over'
  if (-left < settings.staleWhileRevalidate) return 'stale'
  return -left < settings.failSafe ? 'fallback' : 'over'
}

/**
 * How long a new value is fresh, jitter taken off, and how long it is kept: the soft and the hard TTL. In milliseconds.
 * A "does not exist" is not kept beyond its freshness. `given` is what the loader set.
 */
export function lifetimeOf(
  settings: FreshnessSettings,
  negative: boolean,
  chance: number,
  given?: number,
): { readonly freshFor: number; readonly ttl: number } {
  const full = given ?? (negative ? settings.negativeTtl : settings.ttl)
  const freshFor = Math.max(1, Math.round(full * (1 - settings.jitter * chance)))
  const kept = negative ? 0 : Math.max(settings.staleWhileRevalidate, settings.failSafe)
  return { freshFor, ttl: freshFor + kept }
}
