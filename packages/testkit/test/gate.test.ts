import { gate } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'

describe('gate', () => {
  it('answers its calls in the order in which they came', async () => {
    const source = gate<string>()

    const first = source.load('k')
    const second = source.load('k')
    source.answer('a')
    source.answer('b')

    expect(await Promise.all([first, second])).toEqual(['a', 'b'])
    expect(source.calls).toBe(2)
  })

  it('fails the first call that is open', async () => {
    const source = gate<string>()

    const first = source.load()
    const second = source.load()
    source.fail(new Error('no database'))
    source.answer('b')

    await expect(first).rejects.toThrow('no database')
    expect(await second).toBe('b')
  })

  it('says when it is called, the first time and the next', async () => {
    const source = gate<string>()

    const first = source.load()
    await source.called
    source.answer('a')
    await first

    const next = source.next()
    const second = source.load()
    await next
    source.answer('b')
    await second

    expect(source.calls).toBe(2)
  })

  it('refuses an answer that no call waits for', () => {
    const source = gate<string>()

    expect(() => source.answer('a')).toThrow('no call is open (0 so far)')
  })
})
