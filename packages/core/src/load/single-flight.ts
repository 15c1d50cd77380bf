/**
 * One load under way, and the moments of it that decide who may share its value.
 *
 * A caller may have a value only if the value was current at some moment after the caller began: then no invalidation
 * that had returned before the call can have been missed. `mark` names such a moment: it is taken before a command is
 * sent whose reply will say that the value is current, or before the loader is invoked.
 */
export class Flight {
  #moment = 0
  #lastBoarded: number | undefined

  /** The moment now; later marks are larger. */
  get moment(): number {
    return this.#moment
  }

  mark(): number {
    return ++this.#moment
  }

  /** Somebody waits for it now, besides who leads it. Returns the moment. */
  join(): number {
    return (this.#lastBoarded = this.#moment)
  }

  /** Whether somebody has joined at this moment or later. */
  joinedSince(moment: number): boolean {
    return this.#lastBoarded !== undefined && this.#lastBoarded >= moment
  }
}

export type Boarding<Outcome> =
  | { readonly role: 'leader'; readonly outcome: Promise<Outcome> }
  /** `boarded` is compared with the moment at which the outcome was current. */
  | { readonly role: 'joiner'; readonly outcome: Promise<Outcome>; readonly boarded: number }

/**
 * At most one flight that can be joined for each key in this process.
 *
 * Invariant: the map holds a flight from the moment it starts until it settles, is forgotten or is followed by a
 * later one, and only the flight itself takes itself out.
 */
export class SingleFlight<Outcome> {
  readonly #inFlight = new Map<string, { readonly flight: Flight; readonly outcome: Promise<Outcome> }>()

  /**
   * Joins the flight of `key`, or leads a new one. `lead` must not throw or reject: it reports.
   *
   * @param denied The caller has joined a flight whose value it could not have. It joins only a flight
   *   that has marked nothing yet, or leads the next: so nobody is denied twice, however often a key is invalidated.
   */
  board(key: string, denied: boolean, lead: (flight: Flight) => Promise<Outcome>): Boarding<Outcome> {
    const current = this.#inFlight.get(key)
    if (current && !(denied && current.flight.moment > 0)) {
      return { role: 'joiner', outcome: current.outcome, boarded: current.flight.join() }
    }

    const flight = new Flight()
    // A turn later: callers that were woken together board before the first moment.
    const outcome = Promise.resolve()
      .then(() => lead(flight))
      .finally(() => {
        // A later flight may have taken the place of a forgotten one: take out only this one.
        if (this.#inFlight.get(key)?.flight === flight) this.#inFlight.delete(key)
      })
    this.#inFlight.set(key, { flight, outcome })
    return { role: 'leader', outcome }
  }

  has(key: string): boolean {
    return this.#inFlight.has(key)
  }

  /** Lets nobody else join the flight of `key`. Called by writers before their first await. */
  forget(key: string): void {
    this.#inFlight.delete(key)
  }

  forgetAll(): void {
    this.#inFlight.clear()
  }

  /** Resolves when the flights that can be joined now have ended. */
  async settled(): Promise<void> {
    await Promise.all([...this.#inFlight.values()].map(({ outcome }) => outcome))
  }
}
