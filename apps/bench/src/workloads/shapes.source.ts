/** Rows in memory, which are read and written at once. Each is of version 0 until it is changed. */
export class Source<Row> {
  readonly #versions = new Map<string, number>()
  readonly #rowOf: (id: string, version: number) => Row
  #reads = 0

  constructor(rowOf: (id: string, version: number) => Row) {
    this.#rowOf = rowOf
  }

  /** How many there were. */
  get reads(): number {
    return this.#reads
  }

  /** The row as it is, without counting. */
  row(id: string): Row {
    return this.#rowOf(id, this.#versions.get(id) ?? 0)
  }

  async read(id: string): Promise<Row> {
    this.#reads += 1
    return this.row(id)
  }

  /** @returns the row as it is now. */
  async change(id: string): Promise<Row> {
    this.#versions.set(id, (this.#versions.get(id) ?? 0) + 1)
    return this.row(id)
  }
}

/** About 1 KB as JSON. */
export type Product = ReturnType<typeof productOf>

export function productOf(id: string, version: number) {
  return {
    id,
    name: `Lamp ${id}`,
    description: 'Made of solid wood, delivered in parts. '.repeat(16),
    price: 19.99,
    currency: 'EUR',
    stock: version,
    active: true,
    updatedAt: new Date(Date.UTC(2026, 2, 14) + version),
    note: null,
    attributes: {
      colours: ['red', 'green', 'blue', 'white', 'black', 'oak'],
      size: { height: 42, width: 18, depth: 18.5 },
      rating: { mean: 4.37, count: 1289, byStars: [12, 31, 90, 402, 754] },
    },
  }
}

export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

/** How many messages a window has. */
export const windowLength = 20

/** The newest messages of a conversation to which `version` were added: about 2 KB as JSON. */
export function messagesOf(id: string, version: number): Message[] {
  return Array.from({ length: windowLength }, (_, place) => messageOf(id, version + place))
}

function messageOf(id: string, number: number): Message {
  const role = number % 2 === 0 ? 'user' : 'assistant'
  return { role, content: `${number} of ${id}: ${'a lamp of oak, '.repeat(4)}` }
}
