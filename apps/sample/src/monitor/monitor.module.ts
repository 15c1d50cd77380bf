import { Module } from '@nestjs/common'
import { CacheBackendModule } from '../cache/cache-backend.module.ts'
import { DatabaseModule } from '../database/database.module.ts'
import { EvictionLog } from './eviction-log.ts'
import { MonitorController } from './monitor.controller.ts'

@Module({
  imports: [CacheBackendModule, DatabaseModule],
  controllers: [MonitorController],
  providers: [EvictionLog],
})
export class MonitorModule {}
