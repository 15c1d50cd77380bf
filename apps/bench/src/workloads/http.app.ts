import 'reflect-metadata'
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  type ModuleMetadata,
  UseGuards,
} from '@nestjs/common'
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { documentOf } from '../documents.ts'
import type { Assignment, Way } from './http.messages.ts'
import { Tally } from './http.tally.ts'

/** In milliseconds: longer than all rounds together. */
const ttl = 3_600_000
/** What the handler returns, always the same: with no cache, there is nothing to do but to send it. */
const page = documentOf('page', { kind: 'product', size: 1024 })

@Injectable()
class Guard implements CanActivate {
  readonly #tally: Tally

  constructor(@Inject(Tally) tally: Tally) {
    this.#tally = tally
  }

  canActivate(context: ExecutionContext): boolean {
    return this.#tally.admits(context.switchToHttp().getRequest())
  }
}

@Controller('pages')
@UseGuards(Guard)
class PageController {
  readonly #tally: Tally

  constructor(@Inject(Tally) tally: Tally) {
    this.#tally = tally
  }

  @Get(':number')
  find(): typeof page {
    this.#tally.handled += 1
    return page
  }
}

class PageModule {}

/**
 * What each way adds to the application; the rest is the same. Interceptors are bound as their own documentation has it.
 * Imported when asked for: a process under test loads one library only.
 */
const additions: Record<Way, (url: string) => Promise<ModuleMetadata>> = {
  'no cache': async () => ({}),
  'cache-aside': (url) => cacheAside(url, false),
  'cache-aside-near': (url) => cacheAside(url, true),
  'cache-manager': async (url) => {
    const { CacheInterceptor, CacheModule } = await import('@nestjs/cache-manager')
    const { default: KeyvRedis } = await import('@keyv/redis')
    const { Keyv } = await import('keyv')
    // One prefix of keys is enough: without `useKeyPrefix`, Keyv would put its own before that of its store.
    const store = new Keyv({ store: new KeyvRedis(url), useKeyPrefix: false })
    return {
      imports: [CacheModule.register({ stores: [store], ttl })],
      providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
    }
  },
  hook: async () => ({}),
}

async function cacheAside(url: string, near: boolean): Promise<ModuleMetadata> {
  const { CacheAsideInterceptor, CacheAsideModule } = await import('@cache-aside/nestjs')
  return {
    imports: [CacheAsideModule.forRoot({ namespace: 'bench', redis: url, ttl, near })],
    providers: [{ provide: APP_INTERCEPTOR, useClass: CacheAsideInterceptor }],
  }
}

/** The application under test, not listening yet. */
export async function createApp(assignment: Assignment, tally: Tally): Promise<NestFastifyApplication> {
  const { way, url } = assignment
  const { imports = [], providers = [] } = await additions[way](url)
  const app = await NestFactory.create<NestFastifyApplication>(
    {
      module: PageModule,
      controllers: [PageController],
      imports,
      providers: [{ provide: Tally, useValue: tally }, ...providers],
    },
    new FastifyAdapter(),
    { logger: ['error', 'warn'] },
  )
  if (assignment.etag) {
    const { default: plugin } = await import('@fastify/etag')
    // Its types are those of another Fastify than Nest's.
    await app.register(plugin as never)
  }
  if (way === 'hook') {
    const { addCacheHook } = await import('./http.hook.ts')
    await addCacheHook(app.getHttpAdapter().getInstance(), url, tally)
  }
  return app
}
