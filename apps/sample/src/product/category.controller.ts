import { Controller, Get, NotFoundException, Param } from '@nestjs/common'
import { TextPipe } from '../text.pipe.ts'
import type { CategorySummary } from './product.repository.ts'
import { ProductService } from './product.service.ts'

@Controller('categories')
export class CategoryController {
  constructor(private readonly products: ProductService) {}

  @Get(':category')
  async summarise(@Param('category', TextPipe) category: string): Promise<CategorySummary> {
    const summary = await this.products.summarise(category)
    if (summary) return summary
    throw new NotFoundException(`There is no category ${category}`)
  }
}
