import { Logger, type OnApplicationShutdown } from '@nestjs/common'
import { Pool } from 'pg'
import { type Config, ConfigError } from '../config.ts'
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts'
import type { EmbeddedServer } from '../embedded/embedded-server.ts'

/** The Postgres of this app: the one that `DATABASE_URL` names, or one of its own. */
export class Postgres implements OnApplicationShutdown {
  readonly pool: Pool
  /** Where it is and where it comes from, for people. */
  readonly description: string
  readonly #embedded: EmbeddedServer | undefined

  private constructor(url: string, embedded?: EmbeddedServer) {
    this.description = `${new URL(url).host}, ${embedded ? 'started by this app' : 'from DATABASE_URL'}`
    this.#embedded = embedded
    this.pool = new Pool({ connectionString: url, connectionTimeoutMillis: 5_000 })
    // An idle connection that breaks; the pool opens another one when it needs it.
    this.pool.on('error', ({ message }) => {
      if (!this.pool.ending) new Logger(Postgres.name).warn(`A connection broke: ${message}`)
    })
  }

  /** @throws {ConfigError} when `DATABASE_URL` cannot be used, or is needed. */
  static async open({ databaseUrl }: Config): Promise<Postgres> {
    if (!databaseUrl) {
      const embedded = await startEmbeddedPostgres().catch((error: unknown) => {
        throw ConfigError.server('DATABASE_URL', 'not set, and no Postgres could be started here', error)
      })
      return new Postgres(embedded.url, embedded)
    }
    const postgres = new Postgres(databaseUrl)
    try {
      await postgres.ping()
      return postgres
    } catch (error) {
      await postgres.pool.end()
      throw ConfigError.server('DATABASE_URL', `${new URL(databaseUrl).host} cannot be used`, error)
    }
  }

  async ping(): Promise<void> {
    await this.pool.query('select 1')
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end()
    await this.#embedded?.stop()
  }
}
