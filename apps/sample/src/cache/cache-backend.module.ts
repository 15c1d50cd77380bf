import { Module } from '@nestjs/common'
import { Config } from '../config.ts'
import { CacheBackend } from './cache-backend.ts'

@Module({
  providers: [{ provide: CacheBackend, inject: [Config], useFactory: (config: Config) => CacheBackend.open(config) }],
  exports: [CacheBackend],
})
export class CacheBackendModule {}
