import { InjectWindowCache, WindowCache } from '@cache-aside/nestjs/window'
import { Injectable } from '@nestjs/common'
import { AssistantService, type Reply } from '../assistant/assistant.service.ts'
import { chatLimit } from './chat.cache.ts'
import { MessageRepository } from './message.repository.ts'
import type { Message } from './message.row.ts'

@Injectable()
export class ChatService {
  constructor(
    @InjectWindowCache('chat') private readonly chats: WindowCache<Message>,
    private readonly messages: MessageRepository,
    private readonly assistant: AssistantService,
  ) {}

  /** The last messages, oldest first. */
  async history(chat: string): Promise<Message[]> {
    return this.chats.getOrLoad(chat, () => this.messages.newest(chat, chatLimit))
  }

  /** Both the question and its answer are in the history when it resolves. */
  async ask(chat: string, tenant: string, question: string): Promise<Reply> {
    await this.#append(chat, { role: 'user', content: question })
    const reply = await this.assistant.answer(question, tenant)
    await this.#append(chat, { role: 'assistant', content: reply.text })
    return reply
  }

  // To the table, and to the window by what the table has now.
  async #append(chat: string, message: Message): Promise<void> {
    await this.chats.append(chat, () => this.messages.add(chat, message))
  }
}
