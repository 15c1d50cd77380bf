import {
  CacheAsideInterceptor,
  CacheInvalidate,
  CacheKey,
  CachePolicy,
  CacheTags,
  CacheTTL,
  NoCache,
} from '@cache-aside/nestjs'
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Patch,
  Query,
  UseInterceptors,
} from '@nestjs/common'
import { stockKeyTemplate } from '../stock/stock.cache.ts'
import { TextPipe } from '../text.pipe.ts'
import {
  listTagsOf,
  listTagTemplate,
  listTtl,
  productKey,
  productKeyTemplate,
  productTtl,
  rowKeyTemplate,
} from './product.cache.ts'
import { type ProductChange, ProductChangePipe } from './product-change.pipe.ts'
import type { Product } from './product.row.ts'
import { ProductService } from './product.service.ts'

// Each answer is cached in one place. Here, the interceptor caches what the GET routes answer, and the service reads the
// database for them; what `CategoryController` and `BasketController` answer is cached by the service itself.
@Controller('products')
@UseInterceptors(CacheAsideInterceptor)
// The catalogue is the same for everyone, whatever cookies come with a request.
@CachePolicy({ credentials: 'shared' })
export class ProductController {
  constructor(private readonly products: ProductService) {}

  @Get()
  @CacheTags(listTagTemplate, listTagsOf)
  @CacheTTL(listTtl)
  list(@Query('category', TextPipe) category?: string): Promise<Product[]> {
    return this.products.list(category)
  }

  @Get(':id')
  @CacheKey(productKeyTemplate)
  @CacheTTL(productTtl)
  async find(@Param('id', TextPipe) id: string): Promise<Product> {
    return known(id, await this.products.find(id))
  }

  @Patch(':id')
  async change(@Param('id', TextPipe) id: string, @Body(ProductChangePipe) change: ProductChange): Promise<Product> {
    return known(id, await this.products.change(id, change))
  }

  @Get(':id/cache')
  @NoCache()
  async cached(@Param('id', TextPipe) id: string): Promise<{ key: string; timeLeft: number | null }> {
    return { key: productKey(id), timeLeft: await this.products.timeLeft(id) }
  }

  @Delete(':id/cache')
  @HttpCode(204)
  @CacheInvalidate(productKeyTemplate, rowKeyTemplate, stockKeyTemplate)
  forget(): void {}
}

function known(id: string, product: Product | null): Product {
  if (product) return product
  throw new NotFoundException(`There is no product ${id}`)
}
