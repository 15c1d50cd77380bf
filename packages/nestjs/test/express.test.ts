import { Controller, Get, Param, UseInterceptors } from '@nestjs/common'
import type { INestApplication } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

interface ExpressApp {
  set(setting: string, value: unknown): void
  response: { json?: unknown }
}

interface ExpressResponse {
  json(body: object): void
}

const platform = platforms.find(({ name }) => name === 'Express') ?? platforms[0]!

@Controller()
class Products {
  @Get('uncached')
  uncached() {
    return { html: '<b>&</b>', secret: 1 }
  }

  @Get('cached/:id')
  @UseInterceptors(CacheAsideInterceptor)
  cached(@Param('id') _id: string) {
    return { html: '<b>&</b>', secret: 1 }
  }
}

const start = (configure: (nest: INestApplication) => void) =>
  startApp({ platform, controllers: [Products], configure })
const set = (setting: string, value: unknown) => (nest: INestApplication) =>
  (nest.getHttpAdapter().getInstance() as ExpressApp).set(setting, value)

describe('on Express, a stored response', () => {
  it.each([
    ['json spaces', 2],
    ['json escape', true],
    ['json replacer', (key: string, value: unknown) => (key === 'secret' ? undefined : value)],
    ['etag', 'strong'],
    ['etag', false],
    ['etag', (body: Buffer | string) => `"${body.length}"`],
  ])('is as the setting "%s" makes it: %s', async (setting, value) => {
    const app = await start(set(setting, value))

    const plain = await app.get('/uncached')
    const answers = [await app.get('/cached/1'), await app.get('/cached/1')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT'])
    for (const { text, headers } of answers) {
      expect(text).toBe(plain.text)
      for (const name of ['content-type', 'content-length', 'etag'])
        expect(headers.get(name)).toBe(plain.headers.get(name))
    }
  })

  it('is a body again for a middleware that has a `json` of its own', async () => {
    let sent = 0
    const app = await start((nest) =>
      nest.use((_request: unknown, response: ExpressResponse, next: () => void) => {
        const json = response.json.bind(response)
        response.json = (body) => json({ ...body, sent: ++sent })
        next()
      }),
    )

    const answers = [await app.get('/cached/1'), await app.get('/cached/1')]

    expect(answers.map(({ cache, json }) => [cache, (json as { sent: number }).sent])).toEqual([
      ['MISS', 1],
      ['HIT', 2],
    ])
  })

  it('is a body again where the application has a `json` of its own', async () => {
    const app = await start((nest) => {
      const { response } = nest.getHttpAdapter().getInstance() as ExpressApp
      response.json = function (this: { send(text: string): void }, body: object) {
        this.send(JSON.stringify({ data: body }))
      }
    })

    const answers = [await app.get('/cached/1'), await app.get('/cached/1')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT'])
    expect(answers.map(({ json }) => Object.keys(json as object))).toEqual([['data'], ['data']])
  })
})
