import { Module } from '@nestjs/common'
import { AssistantModule } from '../assistant/assistant.module.ts'
import { DatabaseModule } from '../database/database.module.ts'
import { ChatWindows } from './chat.cache.ts'
import { ChatController } from './chat.controller.ts'
import { ChatService } from './chat.service.ts'
import { MessageRepository } from './message.repository.ts'

@Module({
  imports: [AssistantModule, ChatWindows, DatabaseModule],
  controllers: [ChatController],
  providers: [ChatService, MessageRepository],
})
export class ChatModule {}
