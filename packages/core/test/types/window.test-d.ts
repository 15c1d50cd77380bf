import { expectTypeOf, it } from 'vitest'
import type { CacheAside, Lookup } from '../../src/index.ts'
import { type Updated, WindowCache } from '../../src/window/index.ts'

interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}
declare const cache: CacheAside
declare const message: Message

const chats = new WindowCache<Message>({ cache, name: 'chat' })

it('hands out arrays of its items, which are the caller’s to change', () => {
  expectTypeOf(chats.getOrLoad('one', () => [message])).resolves.toEqualTypeOf<Message[]>()
  expectTypeOf(chats.getOrLoad(1, async () => [message] as const)).resolves.toEqualTypeOf<Message[]>()
  expectTypeOf(chats.get(1n)).resolves.toEqualTypeOf<Lookup<Message[]>>()
})

it('takes items of its own, from a function', () => {
  expectTypeOf(chats.append('one', () => [message])).resolves.toEqualTypeOf<Updated>()
  expectTypeOf(chats.append('one', async () => [message])).resolves.toEqualTypeOf<Updated>()

  // @ts-expect-error Nobody could tell what others have loaded since it was written.
  void chats.append('one', [message])
  // @ts-expect-error Several, if only of one.
  void chats.append('one', () => message)
  // @ts-expect-error Of another type.
  void chats.append('one', () => ['hello'])
})

it('is loaded with items of its own, and never with null', () => {
  // @ts-expect-error Without items it is an empty array.
  void chats.getOrLoad('one', () => null)
  // @ts-expect-error Of another type.
  void chats.getOrLoad('one', () => ['hello'])
})

it('weighs items of its own', () => {
  void new WindowCache<Message>({ cache, name: 'chat', limit: { tokens: 5, of: ({ content }) => content.length } })
  // @ts-expect-error Both of them.
  void new WindowCache<Message>({ cache, name: 'chat', limit: { tokens: 5 } })
  // @ts-expect-error A window is never a cached "does not exist".
  void new WindowCache<Message>({ cache, name: 'chat', negativeTtl: '5s' })
})
