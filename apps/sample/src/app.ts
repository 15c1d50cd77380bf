import type { INestApplication } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { AppModule } from './app.module.ts'
import type { Config } from './config.ts'

/** The whole app, not listening yet: for `main.ts` and for the tests. */
export async function createApp(config: Config): Promise<INestApplication> {
  // Both end when the requests under way are answered. A connection that is kept alive holds them up for 5 s at most,
  // which is Express' default, and Fastify's is 72 s.
  const adapter =
    config.httpAdapter === 'express' ? new ExpressAdapter() : new FastifyAdapter({ keepAliveTimeout: 5_000 })
  return NestFactory.create(AppModule.with(config), adapter, { return503OnClosing: true })
}
