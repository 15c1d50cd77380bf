import { startRedis, type RedisServer } from '@cache-aside/testkit'
import { Controller, Get, Injectable, NotFoundException, Param, Post } from '@nestjs/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Fields,
  InjectRecordCache,
  type RecordCache,
  RecordCacheModule,
  type RecordIn,
} from '../src/record/index.ts'
import { cacheOptions, platforms, startApp } from './app.ts'

const fields = { name: 'string', stock: 'number', note: 'string?' } as const satisfies Fields
type Product = RecordIn<typeof fields>

describe.each(platforms)('records on $name', (platform) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  it('are read whole and in part, and written in place, in every application', async () => {
    const table = new Map<string, Product>([['p-1', { name: 'lamp', stock: 5, note: null }]])
    const loads: string[] = []

    @Injectable()
    class Database {
      find(id: string): Product | null {
        loads.push(id)
        return table.get(id) ?? null
      }

      sell(id: string): Pick<Product, 'stock'> {
        const product = table.get(id) as Product
        product.stock--
        return { stock: product.stock }
      }
    }
    const database = new Database()

    @Controller('products')
    class Products {
      readonly #records: RecordCache<typeof fields>

      constructor(@InjectRecordCache('product') records: RecordCache<typeof fields>) {
        this.#records = records
      }

      @Get(':id')
      async find(@Param('id') id: string) {
        const product = await this.#records.getOrLoad(id, () => database.find(id))
        if (product === null) throw new NotFoundException()
        return product
      }

      @Get(':id/stock')
      stock(@Param('id') id: string) {
        return this.#records.getFields(id, ['stock'], () => database.find(id))
      }

      @Post(':id/sales')
      async sell(@Param('id') id: string) {
        return { written: await this.#records.updateFields(id, () => database.sell(id)) }
      }
    }
    const { namespace } = cacheOptions({ redis: server.url })
    const start = () =>
      startApp({
        platform,
        imports: [RecordCacheModule.forFeature({ name: 'product', fields, ttl: '10m' })],
        controllers: [Products],
        cache: { namespace, redis: server.url },
      })
    const [one, other] = [await start(), await start()]

    const first = await one.get('/products/p-1')
    const sold = await other.send('POST', '/products/p-1/sales')
    const after = [await one.get('/products/p-1/stock'), await other.get('/products/p-1')]
    const missing = [await one.get('/products/p-2'), await other.get('/products/p-2')]

    expect(first.json).toEqual({ name: 'lamp', stock: 5, note: null })
    expect(sold.json).toEqual({ written: 'updated' })
    expect(after.map(({ json }) => json)).toEqual([{ stock: 4 }, { name: 'lamp', stock: 4, note: null }])
    expect(missing.map(({ status }) => status)).toEqual([404, 404])
    expect(loads).toEqual(['p-1', 'p-2'])
    expect(await server.cli('HMGET', `${namespace}:product:p-1`, 'name', 'stock')).toEqual(['lamp', '4'])
  })
})
