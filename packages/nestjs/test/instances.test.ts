import { ClassSerializerInterceptor, Controller, Get, UseInterceptors } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheKey, CachePolicy } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

class Account {
  readonly name: string
  readonly password = 'secret'

  constructor(name: string) {
    this.name = name
  }
}

/** Nest's interceptor; what `class-transformer` does with `@Exclude()`, in one line. */
const serializer = new ClassSerializerInterceptor(new Reflector(), {
  transformerPackage: {
    classToPlain: (value: unknown) => (value instanceof Account ? { name: value.name } : value),
    plainToInstance: (_type: unknown, value: unknown) => value,
  },
} as ConstructorParameters<typeof ClassSerializerInterceptor>[1])

class Money {
  readonly #cents: number

  constructor(cents: number) {
    this.#cents = cents
  }

  toJSON() {
    return `${this.#cents / 100} €`
  }
}

class Row {
  readonly secret = 'secret'

  toJSON() {
    return { secret: this.secret }
  }
}

describe.each(platforms)('on $name, a body with instances', (platform) => {
  it('does not let pass on a hit what a ClassSerializerInterceptor excludes on a miss', async () => {
    @Controller()
    @UseInterceptors(serializer, CacheAsideInterceptor)
    class Accounts {
      @Get('account')
      one() {
        return new Account('ada')
      }

      @Get('accounts')
      many() {
        return { list: [new Account('ada')] }
      }
    }
    const app = await startApp({ platform, controllers: [Accounts] })

    const answers = [await app.get('/account'), await app.get('/account')]
    await app.get('/accounts')
    const nested = await app.get('/accounts')

    expect(answers.map(({ text }) => text)).toEqual(['{"name":"ada"}', '{"name":"ada"}'])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'BYPASS'])
    expect(nested.cache).toBe('BYPASS')
  })

  it('warns once for a route, with what to do', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Accounts {
      @Get('account/:id')
      find() {
        return new Account('ada')
      }
    }
    const app = await startApp({ platform, controllers: [Accounts] })

    await app.get('/account/1')
    await app.get('/account/2')

    expect(
      app.log.matching(/^warn: Accounts\.find is not cached: .*@CachePolicy\({ instances: 'plain' }\)/),
    ).toHaveLength(1)
  })

  it('is cached where the serializer stands inside of the cache', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor, serializer)
    class Accounts {
      @Get('account')
      find() {
        return new Account('ada')
      }
    }
    const app = await startApp({ platform, controllers: [Accounts] })

    const answers = [await app.get('/account'), await app.get('/account')]

    expect(answers.map(({ text }) => text)).toEqual(['{"name":"ada"}', '{"name":"ada"}'])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT'])
  })

  it('is cached as JSON makes it where the route says so', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Accounts {
      @Get('account')
      @CachePolicy({ instances: 'plain' })
      find() {
        return new Account('ada')
      }
    }
    const app = await startApp({ platform, controllers: [Accounts] })

    const answers = [await app.get('/account'), await app.get('/account')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT'])
    expect(answers[1]?.text).toBe(answers[0]?.text)
  })

  it.each([
    { kind: 'an instance that is one value in JSON', body: { price: new Money(250), at: new Date(0) }, second: 'HIT' },
    {
      kind: 'an object without a prototype',
      body: Object.assign(Object.create(null) as object, { a: 1 }),
      second: 'HIT',
    },
    { kind: 'bytes inside', body: { bytes: Buffer.from('ab') }, second: 'HIT' },
    { kind: 'an instance whose toJSON makes an object', body: { row: new Row() }, second: 'BYPASS' },
    { kind: 'a Map', body: { map: new Map([['a', 1]]) }, second: 'BYPASS' },
  ])('$kind: $second', async ({ body, second }) => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Values {
      @Get('value')
      @CacheKey('value')
      value() {
        return body
      }
    }
    const app = await startApp({ platform, controllers: [Values] })

    const answers = [await app.get('/value'), await app.get('/value')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', second])
    expect(answers[1]?.text).toBe(answers[0]?.text)
  })

  it('answers with what the handler gave where JSON cannot hold it', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Values {
      @Get('map')
      @CachePolicy({ instances: 'plain' })
      map() {
        return { map: new Map([['a', 1]]), name: 'a map' }
      }

      @Get('function')
      function() {
        return { name: 'a function', call: () => {} }
      }
    }
    const app = await startApp({ platform, controllers: [Values] })

    for (const [path, text] of [
      ['/map', '{"map":{},"name":"a map"}'],
      ['/function', '{"name":"a function"}'],
    ]) {
      const answers = await Promise.all([app.get(String(path)), app.get(String(path))])
      expect(answers.map((answer) => `${answer.status} ${answer.text}`)).toEqual([`200 ${text}`, `200 ${text}`])
    }
  })
})
