import { WindowCacheModule } from '@cache-aside/nestjs/window'
import type { Message } from './message.row.ts'

/** How many of its last messages are shown of a chat, and cached. */
export const chatLimit = 20

/** For `@InjectWindowCache('chat')`. */
export const ChatWindows = WindowCacheModule.forFeature<Message>({ name: 'chat', limit: chatLimit, ttl: '24h' })
