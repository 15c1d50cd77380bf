import { describe, expect, it } from 'vitest'
import { isNotModified, weakTag } from './entity-tag.ts'

describe('weakTag', () => {
  it('is the same for the same body, as text and as bytes, and another for another', () => {
    expect(weakTag('Zoë')).toBe(weakTag(Buffer.from('Zoë')))
    expect(weakTag('Zoë')).not.toBe(weakTag('Zoe'))
    expect(weakTag('')).toMatch(/^W\/"[\w-]+"$/)
  })
})

describe('isNotModified', () => {
  it.each([
    { known: '"a"', tag: '"a"', is: true },
    { known: 'W/"a"', tag: '"a"', is: true },
    { known: '"a"', tag: 'W/"a"', is: true },
    { known: '*', tag: '"a"', is: true },
    { known: '"x", W/"a" ,"y"', tag: 'W/"a"', is: true },
    { known: '"x,a"', tag: '"x,a"', is: true },
    { known: '"x,"a"', tag: '"a"', is: false },
    { known: '"b"', tag: '"a"', is: false },
    { known: 'a', tag: '"a"', is: false },
    { known: '', tag: '"a"', is: false },
    { known: '"A"', tag: '"a"', is: false },
    { known: '*', tag: undefined, is: false },
  ])('$known and $tag: $is', ({ known, tag, is }) => {
    expect(isNotModified({ 'if-none-match': known }, tag)).toBe(is)
  })

  it('is never the case for a client that names no tag', () => {
    expect(isNotModified({}, '"a"')).toBe(false)
  })
})
