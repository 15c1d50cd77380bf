import { Module } from '@nestjs/common'
import { DatabaseModule } from '../database/database.module.ts'
import { StockRecords } from '../stock/stock.cache.ts'
import { BasketController } from './basket.controller.ts'
import { CategoryController } from './category.controller.ts'
import { ProductController } from './product.controller.ts'
import { ProductRepository } from './product.repository.ts'
import { ProductService } from './product.service.ts'

@Module({
  imports: [DatabaseModule, StockRecords],
  controllers: [ProductController, CategoryController, BasketController],
  providers: [ProductService, ProductRepository],
  exports: [ProductRepository],
})
export class ProductModule {}
