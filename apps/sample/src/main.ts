import { Logger } from '@nestjs/common'
import { createApp } from './app.ts'
import { CacheBackend } from './cache/cache-backend.ts'
import { Config, ConfigError } from './config.ts'
import { Postgres } from './database/postgres.ts'

const logger = new Logger('Sample')
try {
  const config = new Config(process.env)
  const app = await createApp(config)
  app.enableShutdownHooks(['SIGINT', 'SIGTERM', 'SIGHUP'], { useProcessExit: true })
  await app.listen(config.port, config.host).catch(({ message }: Error) => {
    throw new ConfigError(`PORT=${config.port}: ${message} (expected a free port, such as PORT=${config.port + 1})`)
  })
  logger.log(`Postgres: ${app.get(Postgres).description}`)
  logger.log(`Redis: ${app.get(CacheBackend).description}`)
  logger.log(`Ready on ${await app.getUrl()}`)
} catch (error) {
  logger.error(error instanceof ConfigError ? error.message : error)
  process.exit(1)
}
