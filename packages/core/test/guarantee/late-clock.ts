import type { Store } from '../../src/protocol/store.ts'

/** A real store whose clock a test can put forward: what is stored now is read as if so many milliseconds had gone by. */
export class LateClock {
  #later = 0

  pass(milliseconds: number): void {
    this.#later += milliseconds
  }

  readonly wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name: keyof Store) => {
        if (name === 'now') return () => target.now() + this.#later
        return target[name].bind(target)
      },
    })
}
