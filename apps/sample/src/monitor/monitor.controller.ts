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
  readonly redis: 'up' | 'down'
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
    const [postgres, redis] = await Promise.all([stateOf(this.postgres), stateOf(this.backend)])
    if (postgres === 'down') throw new ServiceUnavailableException({ status: 'down', postgres, redis } satisfies Health)
    return { status: redis === 'up' ? 'ok' : 'degraded', postgres, redis }
  }
}

async function stateOf(server: { ping(): Promise<void> }): Promise<'up' | 'down'> {
  return server.ping().then(
    () => 'up',
    () => 'down',
  )
}
