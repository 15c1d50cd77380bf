import { CacheAsideService, type CacheStats } from '@cache-aside/nestjs'
import { Controller, Get, ServiceUnavailableException } from '@nestjs/common'
import { CacheBackend } from '../cache/cache-backend.ts'
import { Postgres } from '../database/postgres.ts'
import { type EvictionEntry, EvictionLog } from './eviction-log.ts'

interface Stats {
  readonly cache: CacheStats
  readonly postgres: string
  readonly redis: string
}

interface Health {
  /** `degraded`: every request is answered, from the database. */
  readonly status: 'ok' | 'degraded' | 'down'
  readonly postgres: 'up' | 'down'
  /** `none`: the cache is in this process. */
  readonly redis: 'up' | 'down' | 'none'
}

@Controller()
export class MonitorController {
  constructor(
    private readonly cache: CacheAsideService,
    private readonly backend: CacheBackend,
    private readonly postgres: Postgres,
    private readonly evictionLog: EvictionLog,
  ) {}

  @Get('stats')
  stats(): Stats {
    return { cache: this.cache.stats(), postgres: this.postgres.description, redis: this.backend.description }
  }

  @Get('evictions')
  evictions(): readonly EvictionEntry[] {
    return this.evictionLog.entries
  }

  @Get('health')
  async health(): Promise<Health> {
    const cacheState: Promise<Health['redis']> = this.backend.redis ? stateOf(this.backend) : Promise.resolve('none')
    const [postgres, redis] = await Promise.all([stateOf(this.postgres), cacheState])
    if (postgres === 'down') throw new ServiceUnavailableException({ status: 'down', postgres, redis } satisfies Health)
    return { status: redis === 'down' ? 'degraded' : 'ok', postgres, redis }
  }
}

async function stateOf(server: { ping(): Promise<void> }): Promise<'up' | 'down'> {
  return server.ping().then(
    () => 'up',
    () => 'down',
  )
}
