import { startRedis, type RedisServer } from '@cache-aside/testkit'
import { Body, Controller, Get, Param, Post } from '@nestjs/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InjectWindowCache, type WindowCache, WindowCacheModule } from '../src/window/index.ts'
import { cacheOptions, platforms, startApp } from './app.ts'

interface Message {
  readonly text: string
}

describe.each(platforms)('windows on $name', (platform) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  it('have the newest items, in every application', async () => {
    const table: Message[] = [{ text: 'one' }, { text: 'two' }]
    let loads = 0

    @Controller('chats')
    class Chats {
      readonly #chats: WindowCache<Message>

      constructor(@InjectWindowCache('chat') chats: WindowCache<Message>) {
        this.#chats = chats
      }

      @Get(':id')
      history(@Param('id') id: string) {
        return this.#chats.getOrLoad(id, () => {
          loads++
          return [...table]
        })
      }

      @Post(':id')
      async add(@Param('id') id: string, @Body() message: Message) {
        const written = await this.#chats.append(id, () => {
          table.push(message)
          return [message]
        })
        return { written }
      }
    }
    const { namespace } = cacheOptions({ redis: server.url })
    const start = () =>
      startApp({
        platform,
        imports: [WindowCacheModule.forFeatureAsync({ name: 'chat', useFactory: async () => ({ limit: 2 }) })],
        controllers: [Chats],
        cache: { namespace, redis: server.url },
      })
    const [one, other] = [await start(), await start()]

    const first = await one.get('/chats/c-1')
    const added = await other.send('POST', '/chats/c-1', { body: { text: 'three' } })
    const after = [await one.get('/chats/c-1'), await other.get('/chats/c-1')]

    expect(first.json).toEqual([{ text: 'one' }, { text: 'two' }])
    expect(added.json).toEqual({ written: 'updated' })
    expect(after.map(({ json }) => json)).toEqual(after.map(() => [{ text: 'two' }, { text: 'three' }]))
    expect(loads).toBe(1)
  })
})
