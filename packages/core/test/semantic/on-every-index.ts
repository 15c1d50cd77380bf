import { serverWithVectors, startRedis, startRedisCluster } from '@cache-aside/testkit'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { CacheAside, type CacheOptions, MemoryStore, RedisStore, type Store } from '../../src/index.ts'
import {
  ExactIndex,
  SemanticCache,
  type SemanticCacheOptions,
  type SemanticEventOf,
  type SemanticEventType,
} from '../../src/semantic/index.ts'
import { type Angles, angles } from './angles.ts'

interface Opened<Name extends string> {
  readonly answers: SemanticCache<Name>
  readonly cache: CacheAside
  readonly embedder: Angles
}

type Options<Name extends string> = Partial<SemanticCacheOptions<Name>> & { readonly caching?: Partial<CacheOptions> }

export interface Semantics {
  /** One that shares nothing with the others of its test but the server, the namespace and the name: as in another process. */
  readonly open: <const Name extends string = never>(options?: Options<Name>) => Opened<Name>
}

/** Runs the tests on a server with vector sets, on a cluster of such, and in process. */
export function onEveryIndex(promise: string, tests: (semantics: Semantics) => void): void {
  describe.each(['one server', 'a cluster', 'the memory store'])(`${promise}, on %s`, (kind) => {
    let stop = async () => {}
    let store: () => Store
    let index: ExactIndex | undefined
    let opened: CacheAside[] = []
    let test = 0

    beforeAll(async () => {
      if (kind === 'the memory store') {
        const memory = new MemoryStore()
        store = () => memory
        return
      }
      const vectors = await serverWithVectors()
      const server = await (kind === 'a cluster' ? startRedisCluster(vectors) : startRedis(vectors))
      // A machine that is too busy is not a Redis that is away.
      store = () => new RedisStore(server.client(), { commandTimeout: 10_000 })
      stop = () => server.stop()
    })
    afterEach(async () => {
      test += 1
      index = undefined
      await Promise.all(opened.map((cache) => cache.close()))
      opened = []
    })
    afterAll(() => stop())

    tests({
      open({ caching, ...options } = {}) {
        const cache = new CacheAside({ namespace: `test-${test}`, store: store(), ...caching })
        opened.push(cache)
        const embedder = angles()
        // In one process there is one index.
        if (kind === 'the memory store') index ??= new ExactIndex()
        const here = index && options.maxEntries === undefined ? { index } : {}
        const base = { cache, name: 'answers', embedder, embedTimeout: '10s' }
        return { answers: new SemanticCache({ ...base, ...here, ...options }), cache, embedder }
      },
    })
  })
}

/** The next event of a type. */
export function next<Type extends SemanticEventType>(
  { events }: Pick<SemanticCache, 'events'>,
  type: Type,
): Promise<SemanticEventOf<Type>> {
  return new Promise((resolve) => {
    const once = (event: SemanticEventOf<Type>) => {
      events.off(type, once)
      resolve(event)
    }
    events.on(type, once)
  })
}

/** All events of a type from now on. */
export function heard<Type extends SemanticEventType>(
  { events }: Pick<SemanticCache, 'events'>,
  type: Type,
): SemanticEventOf<Type>[] {
  const list: SemanticEventOf<Type>[] = []
  events.on(type, (event) => list.push(event))
  return list
}
