import { CacheAsideModule, MemoryStore } from '@cache-aside/nestjs'
import { type DynamicModule, Module } from '@nestjs/common'
import { CacheBackend } from './cache/cache-backend.ts'
import { CacheBackendModule } from './cache/cache-backend.module.ts'
import { ChatModule } from './chat/chat.module.ts'
import type { Config } from './config.ts'
import { ConfigModule } from './config.module.ts'
import { MonitorModule } from './monitor/monitor.module.ts'
import { PageController } from './page/page.controller.ts'
import { ProductModule } from './product/product.module.ts'
import { StockModule } from './stock/stock.module.ts'

@Module({
  imports: [
    CacheAsideModule.forRootAsync({
      isGlobal: true,
      imports: [CacheBackendModule],
      inject: [CacheBackend],
      useFactory: ({ redis }: CacheBackend) => ({
        namespace: 'sample',
        ...(redis ? { redis } : { store: new MemoryStore() }),
        // A hit costs no command: what is read often is in this process too, and Redis tells what others change.
        near: true,
        // What is no longer fresh is the answer for 30 s more, while it is loaded anew behind that;
        // and for an hour when it cannot be loaded.
        staleWhileRevalidate: '30s',
        failSafe: '1h',
        // Changes go on while Redis is away: what they invalidate is sent to it when it is back.
        onUnreachable: 'journal',
      }),
    }),
    ProductModule,
    StockModule,
    ChatModule,
    MonitorModule,
  ],
  controllers: [PageController],
})
export class AppModule {
  static with(config: Config): DynamicModule {
    return { module: AppModule, imports: [ConfigModule.of(config)] }
  }
}
