import { describe, expect, it } from 'vitest'
import { InvalidOptionsError } from '../../src/errors.ts'
import { hashingEmbedder } from '../../src/semantic/index.ts'

const signal = new AbortController().signal

function similarity(one: string, another: string): number {
  const { embed } = hashingEmbedder()
  const [first = [], second = []] = [one, another].map((text) =>
    Array.from(embed(text, { signal }) as ArrayLike<number>),
  )
  const product = first.reduce((sum, component, at) => sum + component * (second[at] ?? 0), 0)
  return product / (Math.hypot(...first) * Math.hypot(...second))
}

describe('the hashing embedder', () => {
  it.each([
    ['How do I return a lamp?', 'How can I return my lamp?'],
    ['How long does shipping take?', 'HOW LONG WILL THE SHIPPING TAKE'],
    ['Is the Nordic lamp in stock?', 'Do you have the Nordic lamp in stock?'],
    ['Où est la lampe ?', 'ou est la lampe'],
  ])('brings %j and %j together', (one, another) => {
    expect(similarity(one, another)).toBeGreaterThan(0.95)
  })

  it.each([
    ['How do I return a lamp?', 'How do I return a chair?'],
    ['How do I return a lamp?', 'How long does shipping take?'],
    ['Is the lamp in stock?', 'Is the lamp not in stock?'],
    ['???', '!!!'],
  ])('keeps %j and %j apart', (one, another) => {
    expect(similarity(one, another)).toBeLessThan(0.9)
  })

  it('makes the same vector of the same text, in every process and version', () => {
    const { id, dimensions, embed } = hashingEmbedder({ dimensions: 64 })
    expect({ id, dimensions }).toEqual({ id: 'hashing-1-64', dimensions: 64 })
    const vector = Array.from(embed('lamp', { signal }) as ArrayLike<number>, (component) => component.toFixed(2))
    expect(Object.entries(vector).filter(([, component]) => Number(component) !== 0)).toMatchInlineSnapshot(`
      [
        [
          "16",
          "0.50",
        ],
        [
          "28",
          "1.00",
        ],
        [
          "32",
          "-0.50",
        ],
      ]
    `)
  })

  it('refuses options that are wrong', () => {
    for (const options of [{ dimensions: 63 }, { dimensions: 64.5 }, { dimension: 64 } as never, null as never])
      expect(() => hashingEmbedder(options)).toThrow(InvalidOptionsError)
  })
})
