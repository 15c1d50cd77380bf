import type { CacheAside } from '../../src/cache/cache.ts'
import { WindowCache, type WindowCacheOptions } from '../../src/window/index.ts'

export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

export const said = (content: string): Message => ({ role: 'user', content })

/** The source of truth of a test: what is in it is committed. */
export class Database {
  readonly #rows = new Map<string, Message[]>()
  loads = 0

  constructor(rows: Readonly<Record<string, readonly string[]>> = {}) {
    for (const [id, contents] of Object.entries(rows)) this.#rows.set(id, contents.map(said))
  }

  /** All there are, oldest first. */
  all(id: string): Message[] {
    return [...(this.#rows.get(id) ?? [])]
  }

  /** A loader. */
  readonly load = (id: string) => (): Message[] => {
    this.loads += 1
    return this.all(id)
  }

  /** A write, as `append` is given it. */
  readonly add =
    (id: string, ...contents: string[]) =>
    (): Message[] => {
      const added = contents.map(said)
      this.#rows.set(id, [...this.all(id), ...added])
      return added
    }
}

export const chatsOn = (cache: CacheAside, options: Partial<WindowCacheOptions<Message>> = {}): WindowCache<Message> =>
  new WindowCache<Message>({ cache, name: 'chat', limit: 3, ...options })

/** What was said, in short. */
export const contents = (messages: readonly Message[]): string[] => messages.map(({ content }) => content)
