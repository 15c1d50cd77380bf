import { randomUUID } from 'node:crypto'
import { Body, Controller, Get, Param, ParseUUIDPipe, Post } from '@nestjs/common'
import type { Reply } from '../assistant/assistant.service.ts'
import { Tenant } from '../tenant/tenant.decorator.ts'
import { ChatService } from './chat.service.ts'
import type { Message } from './message.row.ts'
import { QuestionPipe } from './question.pipe.ts'

const ChatId = () => Param('id', new ParseUUIDPipe({ version: '4' }))

@Controller('chats')
export class ChatController {
  constructor(private readonly chats: ChatService) {}

  /** Nobody can guess the id: who has it has the chat. See `Tenant`. */
  @Post()
  start(): { id: string } {
    return { id: randomUUID() }
  }

  @Get(':id/messages')
  history(@ChatId() id: string): Promise<Message[]> {
    return this.chats.history(id)
  }

  @Post(':id/messages')
  ask(@ChatId() id: string, @Tenant() tenant: string, @Body(QuestionPipe) question: string): Promise<Reply> {
    return this.chats.ask(id, tenant, question)
  }
}
