import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { onEveryStore } from './on-every-store.ts'

/** design §1, P1: who goes by a tag, whether the one whose load it joins does or not. */
onEveryStore('a load that was begun without a tag', ({ open }) => {
  it('is not shared with a caller that joined after the tag was invalidated, and goes by it', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const leading = cache.getOrLoad('k', source.load)
    await source.called
    await other.invalidateTag('a')

    const joining = cache.getOrLoad('k', () => 'new', { tags: ['a'] })
    await cache.get('another key') // The joiner has read by now, and joined.
    source.answer('old')

    expect(await leading).toBe('old')
    expect(await joining).toBe('new')
  })
})
