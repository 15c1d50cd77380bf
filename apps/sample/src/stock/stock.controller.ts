import { CacheInvalidateTag, CacheMutate, type Written } from '@cache-aside/nestjs'
import { ConflictException, Controller, Get, NotFoundException, Param, Post } from '@nestjs/common'
import { productKeyTemplate, rowKeyTemplate, tagsOf } from '../product/product.cache.ts'
import { TextPipe } from '../text.pipe.ts'
import type { Stock } from './stock.cache.ts'
import { type CachedStock, type Sale, StockService } from './stock.service.ts'

@Controller('stock')
export class StockController {
  constructor(private readonly stock: StockService) {}

  @Get(':id')
  async find(@Param('id', TextPipe) id: string): Promise<Pick<Stock, 'stock' | 'updatedAt'>> {
    const found = await this.stock.find(id)
    if (found) return found
    throw new NotFoundException(`There is no product ${id}`)
  }

  // The record is written in place. What shows the stock among other things is void: the product behind a barrier, and the
  // lists and sums of its category, which only the sale tells, after it.
  @Post(':id/sales')
  @CacheMutate(productKeyTemplate, rowKeyTemplate)
  @CacheInvalidateTag(({ result }: Written<Sale>) => tagsOf(result))
  async sell(@Param('id', TextPipe) id: string): Promise<Sale> {
    const sale = await this.stock.sell(id)
    if (sale) return sale
    await this.find(id)
    throw new ConflictException(`${id} is sold out`)
  }

  @Get(':id/cache')
  cached(@Param('id', TextPipe) id: string): Promise<CachedStock> {
    return this.stock.cached(id)
  }
}
