import type { Row } from './database.ts'

/**
 * What JSON is made of: `product`, of texts, numbers, lists and objects, as an application has them; `text`, of one long
 * text, which takes `JSON.parse` a sixth of the time.
 */
export interface Form {
  readonly kind: 'product' | 'text'
  /** As JSON, in bytes. From 1024; products of more than 2 KB are a list of them. */
  readonly size: number
}

/** A row whose JSON has exactly the form that is asked for. */
export function documentOf(key: string, { kind, size }: Form): Row {
  if (kind === 'text') return padded({ key, version: 0 }, size)
  return size <= 2048 ? padded(product(key, 0), size) : padded(listOf(key, Math.floor(size / 1024) - 1), size)
}

/** The keys of so many rows of a form. */
export function keysOf({ kind, size }: Form, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${kind}:${size}:${number}`)
}

/** Loads what must be cached already. */
export async function mustNotLoad(): Promise<Row> {
  throw new Error('what should have been a hit was a miss')
}

type Untold = Omit<Row, 'text'>

function listOf(key: string, length: number): Untold & { readonly products: readonly Row[] } {
  const products = Array.from({ length }, (_, number) => padded(product(`${key}.${number}`, number), 1023))
  return { key, version: 0, products }
}

const kinds = ['lamp', 'chair', 'table', 'shelf', 'stool']
const colours = ['red', 'green', 'blue', 'white', 'black', 'oak']

function product(key: string, number: number): Untold {
  const kind = kinds[number % kinds.length]
  const fields = {
    name: `${kind} ${key}`,
    price: { amount: 1999 + number, currency: 'EUR', discount: 0.15, net: 16.79 },
    stock: { berlin: 12, lyon: 0, porto: 331 + number, incoming: ['2026-12-01', '2026-12-15'] },
    tags: ['furniture', kind, 'living room', 'new'],
    variants: colours.map((colour, place) => ({
      sku: `${number}-${colour}`,
      colour,
      weight: 1.25 * place,
      left: 7 + place,
    })),
    rating: { mean: 4.37, count: 1289, byStars: [12, 31, 90, 402, 754] },
    active: true,
    replacedBy: null,
    createdAt: '2026-03-14T09:26:53.589Z',
  }
  return { key, version: 0, ...fields }
}

function padded(row: Untold, size: number): Row {
  const sentence = 'Made of solid wood, delivered in parts. '
  const missing = Math.max(0, size - JSON.stringify({ ...row, text: '' }).length)
  return { ...row, text: sentence.repeat(Math.ceil(missing / sentence.length)).slice(0, missing) }
}
