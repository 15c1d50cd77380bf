import type { CacheEvent } from '../events.ts'
import type { Clock } from '../time/clock.ts'
import type { NamespaceKeys, Store, Tracking } from './store.ts'

/** How long what changes is listened to for those who waited last, in milliseconds. */
const idleTime = 60_000

/** How late it may be noticed that nothing is heard any more, where nobody is served by that, in milliseconds. */
const idleLag = 4_000

export interface ChangesSettings {
  readonly namespace: string
  readonly namespaceKeys: NamespaceKeys
  readonly store: Store
  readonly clock: Clock
  /** What changed longer ago has to be known, in milliseconds. */
  readonly lag: number
  readonly report: (event: CacheEvent) => void
}

/** What is done with a change, besides waking those who wait for it. */
export interface ChangeListener {
  /** A key of the store. */
  changed(storeKey: string): void
  /** Anything may have changed. */
  lost(): void
}

/** A wait for the next change of a key. */
export interface Watch {
  /** Resolves when the key has changed, or may have. */
  readonly changed: Promise<void>
  stop(): void
}

/** What others do to the keys of a namespace, as the store tells it. Listens from when it is first needed. */
export class Changes {
  readonly #settings: ChangesSettings
  readonly #watches = new Map<string, Set<() => void>>()
  #listener: ChangeListener | undefined
  #tracking: Tracking | undefined
  /** It was refused, or closed. */
  #isOver = false
  #cancelIdle: (() => void) | undefined

  constructor(settings: ChangesSettings) {
    this.#settings = settings
  }

  /** Whether everything is known that changed more than `lag` milliseconds ago. */
  get areHeard(): boolean {
    return this.#tracking !== undefined && this.#tracking.lag() < this.#settings.lag
  }

  /** Listens for good, on behalf of `listener`. */
  listen(listener: ChangeListener): void {
    this.#listener = listener
  }

  /** Begins to listen, where it has not: for good if somebody is told everything, else for a while. */
  open(): void {
    if (this.#isOver) return
    if (!this.#listener) {
      this.#cancelIdle?.()
      this.#cancelIdle = this.#settings.clock.after(idleTime, () => this.#hush())
    }
    try {
      this.#tracking ??= this.#track()
    } catch (reason) {
      this.#isOver = true
      this.#settings.report({ type: 'tracking-refused', reason })
    }
  }

  /** Begun before a command is sent whose answer may have one wait. Undefined while nothing is heard. */
  watch(storeKey: string): Watch | undefined {
    if ((this.#tracking?.lag() ?? Number.POSITIVE_INFINITY) === Number.POSITIVE_INFINITY) return undefined
    let wake = () => {}
    const changed = new Promise<void>((resolve) => {
      wake = resolve
    })
    const others = this.#watches.get(storeKey)
    if (others) others.add(wake)
    else this.#watches.set(storeKey, new Set([wake]))
    const stop = () => {
      const watches = this.#watches.get(storeKey)
      if (watches?.delete(wake) && watches.size === 0) this.#watches.delete(storeKey)
    }
    return { changed, stop }
  }

  close(): void {
    this.#isOver = true
    this.#cancelIdle?.()
    this.#hush()
  }

  #hush(): void {
    this.#tracking?.close()
    this.#tracking = undefined
    this.#lost()
  }

  #track(): Tracking {
    const { store, namespace, namespaceKeys, report } = this.#settings
    // Who only waits has a timer besides.
    const lag = this.#listener ? this.#settings.lag : Math.max(this.#settings.lag, idleLag)
    const prefixes = [`${namespace}:`, namespaceKeys.generation, namespaceKeys.tagClock]
    const listener = {
      changed: (storeKeys: readonly string[]) => {
        for (const storeKey of storeKeys) this.#changed(storeKey)
      },
      lost: (reason: unknown) => {
        this.#lost()
        report({ type: 'tracking-lost', reason })
      },
      ready: () => report({ type: 'tracking-on' }),
      refused: (reason: unknown) => {
        this.#isOver = true
        this.#hush()
        report({ type: 'tracking-refused', reason })
      },
    }
    return store.track(prefixes, listener, lag)
  }

  #changed(storeKey: string): void {
    this.#listener?.changed(storeKey)
    const watches = this.#watches.get(storeKey)
    if (!watches) return
    this.#watches.delete(storeKey)
    for (const wake of watches) wake()
  }

  #lost(): void {
    this.#listener?.lost()
    const watches = [...this.#watches.values()]
    this.#watches.clear()
    for (const ofKey of watches) for (const wake of ofKey) wake()
  }
}
