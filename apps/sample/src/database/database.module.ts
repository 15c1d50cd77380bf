import { Module } from '@nestjs/common'
import { drizzle, NodePgDatabase } from 'drizzle-orm/node-postgres'
import { Config } from '../config.ts'
import { migrate } from './migrate.ts'
import { Postgres } from './postgres.ts'

@Module({
  providers: [
    { provide: Postgres, inject: [Config], useFactory: (config: Config) => Postgres.open(config) },
    {
      provide: NodePgDatabase,
      inject: [Postgres],
      useFactory: async ({ pool }: Postgres) => {
        await migrate(pool)
        return drizzle(pool)
      },
    },
  ],
  exports: [Postgres, NodePgDatabase],
})
export class DatabaseModule {}
