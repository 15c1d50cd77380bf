import { describe, expect, it } from 'vitest'
import { freeze, isFrozen } from './freeze.ts'

describe('freeze', () => {
  it('freezes plain objects and arrays all the way down', () => {
    const value = { list: [{ deep: { deeper: 1 } }], nothing: null, text: 'text' }

    expect(freeze(value)).toBe(true)
    expect([value, value.list, value.list[0], value.list[0]?.deep].every((part) => Object.isFrozen(part))).toBe(true)
  })

  it('freezes what stands in many places, and what goes round in circles, once', () => {
    let shared: Record<string, unknown> = {}
    for (let depth = 0; depth < 60; depth++) shared = { one: shared, two: shared }
    const circle: Record<string, unknown> = {}
    circle['self'] = circle

    expect([freeze(shared), freeze(circle)]).toEqual([true, true])
    expect([Object.isFrozen(shared['one']), Object.isFrozen(circle)]).toEqual([true, true])
  })

  it.each([
    ['a Map', new Map()],
    ['a Buffer', Buffer.of(1)],
    ['a Date', new Date()],
    ['an instance', new (class A {})()],
  ])('freezes nothing where there is %s, frozen or not', (_what, part) => {
    const value = { before: {}, part, behind: {} }

    expect(freeze(value)).toBe(false)
    expect([value, value.before, value.behind].some((each) => Object.isFrozen(each))).toBe(false)
  })

  it('looks into what is frozen already', () => {
    const list: number[] = []
    expect(freeze(Object.freeze({ list }))).toBe(true)
    expect(Object.isFrozen(list)).toBe(true)
  })

  it('is what makes a value frozen', () => {
    const value = Object.freeze({ list: [1] })
    expect([isFrozen(value), isFrozen([]), isFrozen(new Map()), isFrozen('text')]).toEqual([false, false, false, true])
    freeze(value)
    expect(isFrozen(value)).toBe(true)
  })

  it('leaves what is nested deeper than the stack', () => {
    let value: unknown = 1
    for (let depth = 0; depth < 100_000; depth++) value = [value]
    expect(freeze(value)).toBe(false)
  })
})
