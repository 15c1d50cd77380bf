import { Controller, Patch, Post } from '@nestjs/common'
import { ExternalContextCreator } from '@nestjs/core'
import { describe, expect, it } from 'vitest'
import { CacheInvalidate } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

describe.each(platforms)('on $name, @CacheInvalidate', (platform) => {
  it('warns once where a template finds no value, or is read otherwise than it was meant', async () => {
    @Controller()
    class Products {
      @Post('products')
      @CacheInvalidate('product::id')
      create() {
        return { id: 1 }
      }

      @Patch('products/:id')
      @CacheInvalidate('product:id')
      rename() {
        return 'renamed'
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    for (let i = 0; i < 2; i++) {
      await app.send('POST', '/products')
      await app.send('PATCH', '/products/1')
    }

    expect(app.log.matching(/^warn: Products\.create: .*found no "id"/)).toHaveLength(1)
    expect(app.log.matching(/^warn: Products\.rename: .*write "::id"/)).toHaveLength(1)
  })

  it('does nothing on another transport, and says so once', async () => {
    class Resolver {
      @CacheInvalidate('product:1')
      rename() {
        return 'renamed'
      }
    }
    const app = await startApp({ platform, providers: [Resolver] })
    const call = app.nest
      .get(ExternalContextCreator)
      .create(
        new Resolver(),
        Resolver.prototype.rename,
        'rename',
        '',
        undefined,
        undefined,
        undefined,
        undefined,
        'graphql',
      )

    expect(await call({}, {}, {}, {})).toBe('renamed')
    expect(await call({}, {}, {}, {})).toBe('renamed')
    expect(app.log.matching(/^warn: Resolver\.rename: @CacheInvalidate does nothing on "graphql"/)).toHaveLength(1)
  })
})
