import { Controller, Get, Query } from '@nestjs/common'
import { IdsPipe } from './ids.pipe.ts'
import type { Product } from './product.row.ts'
import { ProductService } from './product.service.ts'

@Controller('basket')
export class BasketController {
  constructor(private readonly products: ProductService) {}

  @Get()
  show(@Query('ids', IdsPipe) ids: string[]): Promise<Product[]> {
    return this.products.findMany(ids)
  }
}
