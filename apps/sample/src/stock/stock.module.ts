import { Module } from '@nestjs/common'
import { ProductModule } from '../product/product.module.ts'
import { StockRecords } from './stock.cache.ts'
import { StockController } from './stock.controller.ts'
import { StockService } from './stock.service.ts'

@Module({ imports: [ProductModule, StockRecords], controllers: [StockController], providers: [StockService] })
export class StockModule {}
