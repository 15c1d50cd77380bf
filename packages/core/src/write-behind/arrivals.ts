import type { Link } from './link.ts'

/** Tells when a stream has entries that were not there, so that nobody has to ask in a loop. A hint: nothing depends on it. */
export class Arrivals {
  readonly #link: Link
  readonly #stream: string
  #listening: Promise<void> | undefined

  /** @param link Of its own: a command that waits holds up those behind it. */
  constructor(link: Link, stream: string) {
    this.#link = link
    this.#stream = stream
  }

  /** Resolves when there is an entry above `position`, or after `limit` milliseconds; or never, if Redis has not answered. */
  after(position: string | undefined, limit: number): Promise<void> {
    // One that is not answered yet is not followed by another, however slow Redis is.
    return (this.#listening ??= new Promise((resolve) => {
      const args = ['BLOCK', Math.ceil(limit), 'COUNT', 1, 'STREAMS', this.#stream, position ?? '0']
      const done = () => {
        this.#listening = undefined
      }
      this.#link
        .send((redis) => redis.callBuffer('xread', args))
        .finally(done)
        .then(() => resolve(), done)
    }))
  }
}
