import { MemoryStore } from '../../src/index.ts'
import type { NamespaceKeys, Reading, Tracking, TrackingListener } from '../../src/protocol/store.ts'

/** A store that tells of a change when the test does, and answers reads when it lets it. */
export class ToldStore extends MemoryStore {
  /** As `Tracking.lag`. */
  behind = 0
  /** How often somebody has begun to listen, and how many do. */
  opened = 0
  listening = 0
  tell: TrackingListener | undefined
  /** What is changed by it is not acknowledged. */
  fails = false
  #held: Promise<void> | undefined

  override track(_prefixes: readonly string[], listener: TrackingListener): Tracking {
    this.opened += 1
    this.listening += 1
    this.tell = listener
    return { lag: () => this.behind, close: () => void (this.listening -= 1) }
  }

  /** Reads that come now are answered when the returned function is called, with what stood when they came. */
  hold(): () => void {
    let release = () => {}
    this.#held = new Promise((resolve) => {
      release = () => {
        this.#held = undefined
        resolve()
      }
    })
    return release
  }

  override async read(key: string, namespace: NamespaceKeys, tags: readonly string[]): Promise<Reading> {
    const held = this.#held
    const reading = await super.read(key, namespace, tags)
    await held
    return reading
  }

  override async invalidate(keys: readonly string[]): Promise<void> {
    await super.invalidate(keys)
    if (this.fails) throw new Error('no answer')
  }
}
