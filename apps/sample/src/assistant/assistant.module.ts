import { Module } from '@nestjs/common'
import { CacheBackendModule } from '../cache/cache-backend.module.ts'
import { Answers } from './assistant.cache.ts'
import { AssistantController } from './assistant.controller.ts'
import { AssistantService } from './assistant.service.ts'
import { FaqModel } from './faq-model.ts'

@Module({
  imports: [Answers, CacheBackendModule],
  controllers: [AssistantController],
  providers: [AssistantService, FaqModel],
  exports: [AssistantService],
})
export class AssistantModule {}
