import type { Store } from '../../src/protocol/store.ts'

/** Commands to a real store that are stopped on their way: before they arrive, or on their way back. */
export class Held {
  readonly #holds = new Map<string, { reached: () => void; released: Promise<void> }>()

  /** Stops the next `operation`. `reached` resolves when it has been stopped, `release` lets it go on. */
  next(operation: keyof Store, where: 'before' | 'after'): { readonly reached: Promise<void>; release(): void } {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const reached = new Promise<void>((resolve) => {
      this.#holds.set(`${where} ${operation}`, { reached: resolve, released })
    })
    return { reached, release }
  }

  readonly wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, operation: keyof Store) => {
        if (operation === 'now' || operation === 'onChange' || operation === 'track')
          return target[operation].bind(target)
        return async (...args: never[]) => {
          await this.#pass(`before ${operation}`)
          const reply: unknown = await (target[operation] as (...args: never[]) => Promise<unknown>).apply(target, args)
          await this.#pass(`after ${operation}`)
          return reply
        }
      },
    })

  async #pass(point: string): Promise<void> {
    const hold = this.#holds.get(point)
    if (!hold) return
    this.#holds.delete(point)
    hold.reached()
    await hold.released
  }
}
