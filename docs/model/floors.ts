/** The versions below which nothing may be returned to a read that begins now. A floor that is below another is 0. */
export interface Floors {
  /** An invalidation, a set or a write that has resolved covers it. */
  readonly invalidated: number
  /** An expiry that has resolved covers it. What is older may be served if its loader fails. */
  readonly expired: number
  /** Was committed behind a barrier whose time is over, whoever died. */
  readonly fallen: number
}

export const nothingPromised: Floors = { invalidated: 0, expired: 0, fallen: 0 }

export function raised(floors: Floors, { invalidated = 0, expired = 0, fallen = 0 }: Partial<Floors>): Floors {
  const highest = Math.max(floors.invalidated, invalidated)
  const above = (floor: number) => (floor > highest ? floor : 0)
  return {
    invalidated: highest,
    expired: above(Math.max(floors.expired, expired)),
    fallen: above(Math.max(floors.fallen, fallen)),
  }
}

/** The promise that does not hold if a read is given this version, and why. */
export interface Wrong {
  readonly promise: 'P1' | 'P4'
  readonly version: number
  readonly though: string
}

/** Undefined if a read may be given the version. */
export function wrong(
  state: { readonly committed: number },
  since: Floors,
  version: number,
  loaderFailed = false,
): Wrong | undefined {
  const { invalidated, expired, fallen } = since
  if (version > state.committed) return { promise: 'P1', version, though: 'it was never committed' }
  if (version < invalidated) return { promise: 'P1', version, though: `version ${invalidated} was invalidated` }
  if (version < fallen) return { promise: 'P4', version, though: `the barrier of version ${fallen} was over` }
  if (version < expired && !loaderFailed)
    return { promise: 'P1', version, though: `what is older than version ${expired} was expired` }
  return undefined
}
