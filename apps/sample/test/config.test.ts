import { describe, expect, it } from 'vitest'
import { Config, ConfigError } from '../src/config.ts'

describe('the environment', () => {
  it('may be empty', () => {
    expect(new Config({})).toEqual({
      port: 8080,
      host: '127.0.0.1',
      httpAdapter: 'fastify',
      databaseUrl: undefined,
      redisUrl: undefined,
      readLatency: 120,
      modelLatency: 1000,
    })
  })

  it('counts a variable without a value as not set', () => {
    expect(
      new Config({
        PORT: '',
        HOST: '',
        HTTP_ADAPTER: '',
        DATABASE_URL: '',
        REDIS_URL: '',
        READ_LATENCY: '',
        MODEL_LATENCY: '',
      }),
    ).toEqual(new Config({}))
  })

  it.each([
    [{ PORT: '80a' }, 'PORT=80a: expected a whole number from 0 to 65535, such as PORT=8080'],
    [{ PORT: '65536' }, 'PORT=65536: expected a whole number from 0 to 65535, such as PORT=8080'],
    [{ READ_LATENCY: '-1' }, 'READ_LATENCY=-1: expected a whole number from 0 to 10000, such as READ_LATENCY=120'],
    [{ MODEL_LATENCY: '1s' }, 'MODEL_LATENCY=1s: expected a whole number from 0 to 10000, such as MODEL_LATENCY=1000'],
    [{ HTTP_ADAPTER: 'koa' }, 'HTTP_ADAPTER=koa: expected fastify or express'],
    [
      { DATABASE_URL: 'mysql://me:secret@db/shop' },
      'DATABASE_URL: expected a URL such as postgres://user:password@localhost:5432/shop',
    ],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL: expected a URL such as redis://localhost:6379'],
  ])('is refused with %o', (environment, message) => {
    expect(() => new Config(environment)).toThrow(new ConfigError(message))
  })
})
