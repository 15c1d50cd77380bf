import { Controller, Delete, Get, HttpCode } from '@nestjs/common'
import { CacheBackend } from '../cache/cache-backend.ts'
import { Tenant } from '../tenant/tenant.decorator.ts'
import { threshold } from './assistant.cache.ts'
import { AssistantService, type AssistantStats } from './assistant.service.ts'
import { faq } from './faq.ts'

interface Assistant {
  readonly stats: AssistantStats
  readonly threshold: number
  /** Where questions are compared, for people. */
  readonly index: string
  /** Ways to ask for the same, topic by topic. */
  readonly examples: readonly (readonly string[])[]
}

@Controller('assistant')
export class AssistantController {
  constructor(
    private readonly assistant: AssistantService,
    private readonly backend: CacheBackend,
  ) {}

  @Get()
  show(): Assistant {
    return {
      stats: this.assistant.stats(),
      threshold,
      index: this.backend.hasVectors ? 'vector sets in Redis' : 'in this process (its cache has no vector sets)',
      examples: faq.map(({ questions }) => questions),
    }
  }

  @Delete('answers')
  @HttpCode(204)
  async forget(@Tenant() tenant: string): Promise<void> {
    await this.assistant.forget(tenant)
  }
}
