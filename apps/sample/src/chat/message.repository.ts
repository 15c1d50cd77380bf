import { setTimeout } from 'node:timers/promises'
import { Injectable } from '@nestjs/common'
import { desc, eq } from 'drizzle-orm'
import { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { Config } from '../config.ts'
import { type Message, message } from './message.row.ts'

const shown = { role: message.role, content: message.content }

@Injectable()
export class MessageRepository {
  constructor(
    private readonly database: NodePgDatabase,
    private readonly config: Config,
  ) {}

  /** The last of a chat, oldest first. */
  async newest(chat: string, count: number): Promise<Message[]> {
    // As the reads of products do, it takes its time.
    await setTimeout(this.config.readLatency)
    const rows = await this.database
      .select(shown)
      .from(message)
      .where(eq(message.chat, chat))
      .orderBy(desc(message.id))
      .limit(count)
    return rows.toReversed()
  }

  /** Committed when it resolves. */
  async add(chat: string, { role, content }: Message): Promise<Message[]> {
    return this.database.insert(message).values({ chat, role, content }).returning(shown)
  }
}
