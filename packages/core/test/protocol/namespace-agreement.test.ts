import { randomUUID } from 'node:crypto'
import { type RedisServer, startRedis } from '@cache-aside/testkit'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSettling, judgeByTags, type Origin } from '../../src/entry/origin.ts'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import { RedisStore } from '../../src/protocol/redis-store.ts'
import type { NamespaceKeys, NamespaceReadings, Store } from '../../src/protocol/store.ts'
import { type Span, spans } from './standing.ts'
import { anothers, mine, serverMicroseconds, thirds, toldReading } from './standing-clock.ts'

const allTags = ['a', 'b', 'c'] as const
/** Tags that an entry may have. */
const tagged = [[], ['a'], ['b'], ['a', 'b'], ['c']]

type Command =
  | { readonly kind: 'origin'; readonly tagged: boolean }
  | { readonly kind: 'void' | 'expire'; readonly tags: readonly string[]; readonly settle: Span | undefined }
  | { readonly kind: 'raise'; readonly tags: readonly string[]; readonly token: string; readonly ttl: Span }
  | {
      readonly kind: 'lower'
      readonly tags: readonly string[]
      readonly token: string
      readonly settle: Span | undefined
    }
  | { readonly kind: 'clear'; readonly settle: Span | undefined }

const tags = fc.subarray([...allTags], { minLength: 1 })
const token = fc.constantFrom(mine, anothers, thirds)
const ttl = fc.constantFrom<Span[]>('before', 'fresh', 'given')
const settle = fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: ttl })
const kind = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds)
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: kind('origin'), tagged: fc.constantFrom(true, true, true, false) }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('void', 'expire'), tags, settle }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('raise'), tags, token, ttl }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('lower'), tags, token, settle }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('clear'), settle }) },
)

/** One namespace of a store, and all that was ever loaded of it. */
class Place {
  readonly #store: Store
  readonly #keys: NamespaceKeys
  readonly #origins: Origin[] = []

  constructor(store: Store) {
    this.#store = store
    const name = randomUUID()
    this.#keys = { generation: `${name}/generation`, tagClock: `${name}/tags` }
  }

  async run(given: Command): Promise<string> {
    const { generation, tagClock } = this.#keys
    switch (given.kind) {
      case 'origin': {
        const origin = await this.#store.origin(this.#keys, given.tagged)
        this.#origins.push(origin)
        return isSettling(origin.generation) ? 'settling' : 'settled'
      }
      case 'void':
      case 'expire':
        await this.#store.bump(tagClock, given.tags, { what: given.kind, settle: length(given.settle), replicas: 0 })
        return 'done'
      case 'raise':
        return this.#store.raiseTags(tagClock, given.tags, { token: given.token, ttl: spans[given.ttl] })
      case 'lower':
        await this.#store.lowerTags(tagClock, given.tags, { token: given.token, settle: length(given.settle) })
        return 'done'
      case 'clear':
        await this.#store.clear(generation, length(given.settle))
        return 'done'
      default:
        given satisfies never
        throw new Error('no such command')
    }
  }

  /** Of each origin, what would become of an entry with it, by its tags. */
  verdicts(readings: NamespaceReadings): string[][] {
    return this.#origins.map(({ generation, tagMoment }) =>
      tagged.map((some) => (readings.generation === generation ? judgeByTags(tagMoment, some, readings.tags) : 'void')),
    )
  }

  readings(): Promise<NamespaceReadings> {
    return this.#store.readings(this.#keys, allTags)
  }
}

const length = (span: Span | undefined): number => (span ? spans[span] : 0)

/** The same in both stores: how far from now readings are. */
const told = ({ tags: readings }: NamespaceReadings, now: number): string[][] =>
  [...(readings?.of ?? [])].map(([tag, { voidBefore, expiredBefore }]) => [
    tag,
    toldReading(voidBefore, now),
    toldReading(expiredBefore, now),
  ])

describe('the namespaces of a MemoryStore and the scripts', () => {
  let server: RedisServer
  let client: Redis
  let redis: RedisStore
  const memory = new MemoryStore()
  beforeAll(async () => {
    server = await startRedis()
    client = server.client()
    redis = new RedisStore(client, { commandTimeout: 5_000 })
  })
  afterAll(async () => {
    await redis.close()
    await server.stop()
  })

  it('agree on what is void, whatever is asked of them and in whatever order', async () => {
    const replies = new Set<string>()
    const verdicts = new Set<string>()

    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 20 }), async (commands) => {
        const [inRedis, inMemory] = [new Place(redis), new Place(memory)]
        for (const given of commands) {
          const reply = await inRedis.run(given)
          expect(await inMemory.run(given)).toBe(reply)

          const [ofRedis, ofMemory] = [await inRedis.readings(), await inMemory.readings()]
          const judged = inRedis.verdicts(ofRedis)
          expect(inMemory.verdicts(ofMemory)).toEqual(judged)
          // Where nobody has asked for a moment yet, Redis has no clock.
          const now = await serverMicroseconds(client)
          if (ofRedis.tags?.id !== undefined) expect(told(ofMemory, now)).toEqual(told(ofRedis, now))

          replies.add(`${given.kind}: ${reply}`)
          for (const verdict of judged.flat()) verdicts.add(verdict)
        }
      }),
      { numRuns: 400 },
    )

    // No reply and no verdict was left out.
    expect([...replies].toSorted()).toEqual([
      'clear: done',
      'expire: done',
      'lower: done',
      'origin: settled',
      'origin: settling',
      'raise: raised',
      'raise: up',
      'void: done',
    ])
    expect([...verdicts].toSorted()).toEqual(['expired', 'valid', 'void'])
  })
})
