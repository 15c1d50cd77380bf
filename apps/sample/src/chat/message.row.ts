import { bigint, index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const message = pgTable(
  'message',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    chat: uuid('chat').notNull(),
    role: text('role', { enum: ['user', 'assistant'] }).notNull(),
    content: text('content').notNull(),
    sentAt: timestamp('sent_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
  },
  ({ chat, id }) => [index('message_chat').on(chat, id)],
)

/** As a language model is told what was said. */
export type Message = Pick<typeof message.$inferSelect, 'role' | 'content'>
