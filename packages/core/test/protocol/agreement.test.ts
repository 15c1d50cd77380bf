import { type RedisServer, startRedis } from '@cache-aside/testkit'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf, leaseHead, valueHead } from '../../src/entry/entry.ts'
import { newToken } from '../../src/entry/token.ts'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import { RedisStore } from '../../src/protocol/redis-store.ts'
import type { Acquired, Store } from '../../src/protocol/store.ts'
import {
  anothers,
  anotherValue,
  laterOrigin,
  mine,
  newKey,
  rawAt,
  readable,
  type Span,
  serverTime,
  spans,
  standing,
  taggedValue,
  thirds,
  value,
} from './standing.ts'

const tokens = [mine, anothers, thirds]
const raws = [value, anotherValue, taggedValue]
const ids = [newToken(), newToken()]
/** What a right to fill may begin with, besides what stands there. */
const heads = [...tokens.map(leaseHead), ...raws.map(headOf), ...ids.map(valueHead)]
const known = new Set(heads.map((head) => head.toString('latin1', 1)))

/** A head: one of those, or the one that stands there, or the one that stood there so many commands ago. */
type Right = { readonly of: 'known'; readonly index: number } | { readonly of: 'standing'; readonly ago: number }

type Command =
  | {
      readonly kind: 'acquire'
      readonly token: string
      readonly ttl: Span
      readonly stale: Right | undefined
      readonly unreadable: Right | undefined
    }
  | { readonly kind: 'claim' | 'raise'; readonly token: string; readonly ttl: Span }
  | { readonly kind: 'fill'; readonly right: Right; readonly raw: Buffer; readonly freshFor: Span }
  | { readonly kind: 'renew'; readonly right: Right; readonly id: string; readonly freshFor: Span }
  | { readonly kind: 'extend'; readonly right: Right; readonly ttl: Span; readonly mark: 'failed' | undefined }
  | { readonly kind: 'release'; readonly right: Right }
  | { readonly kind: 'invalidate' | 'expire' }
  | { readonly kind: 'lower'; readonly token: string; readonly settle: number; readonly raw: Buffer | undefined }

const rights: fc.Arbitrary<Right> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ of: fc.constant('standing' as const), ago: fc.constantFrom(0, 0, 1, 2) }) },
  { weight: 1, arbitrary: fc.record({ of: fc.constant('known' as const), index: fc.nat(heads.length - 1) }) },
)
const perhaps = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const amounts = fc.constantFrom<Span[]>('before', 'fresh', 'given')
const token = fc.constantFrom(...tokens)
const entries = fc.constantFrom(...raws)
const named = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds)
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: named('acquire'), token, ttl: amounts, stale: perhaps(rights), unreadable: perhaps(rights) }),
  fc.record({ kind: named('acquire'), token, ttl: amounts, stale: rights, unreadable: fc.constant(undefined) }),
  fc.record({ kind: named('claim', 'raise'), token, ttl: amounts }),
  fc.record({ kind: named('fill'), right: rights, raw: entries, freshFor: amounts }),
  fc.record({ kind: named('fill'), right: rights, raw: entries, freshFor: amounts }),
  fc.record({ kind: named('renew'), right: rights, id: fc.constantFrom(...ids), freshFor: amounts }),
  fc.record({ kind: named('extend'), right: rights, ttl: amounts, mark: perhaps(fc.constant('failed' as const)) }),
  fc.record({ kind: named('release'), right: rights }),
  fc.record({ kind: named('invalidate', 'expire', 'expire') }),
  fc.record({ kind: named('lower'), token, settle: fc.constantFrom(0, 0, spans.fresh), raw: perhaps(entries) }),
)

/** What a store has replied, and what stands there then. */
interface Outcome {
  readonly reply: Acquired | string | void
  readonly raw: Buffer | null
}

/** One key of a store, and what has stood there. */
class Place {
  readonly #store: Store
  readonly #key: string
  readonly #past: Buffer[] = [Buffer.alloc(0)]

  constructor(store: Store, key: string) {
    this.#store = store
    this.#key = key
  }

  async run(given: Command): Promise<Outcome> {
    const reply = await this.#send(given)
    const raw = await rawAt(this.#store, this.#key)
    this.#past.unshift(raw ? headOf(raw) : Buffer.alloc(0))
    return { reply, raw }
  }

  #send(given: Command): Promise<Acquired | string | void> {
    const store = this.#store
    const key = this.#key
    switch (given.kind) {
      case 'acquire': {
        const [stale, unreadable] = [given.stale, given.unreadable].map((head) => head && this.#head(head))
        return store.acquire(key, { token: given.token, ttl: spans[given.ttl], stale, void: unreadable })
      }
      case 'claim':
      case 'raise':
        return store[given.kind](key, { token: given.token, ttl: spans[given.ttl] })
      case 'fill':
        return store.fill(key, this.#lease(given.right), { raw: given.raw, ...lifetime(given.freshFor) })
      case 'renew':
        return store.renew(key, this.#lease(given.right), {
          id: given.id,
          origin: laterOrigin,
          ...lifetime(given.freshFor),
        })
      case 'extend':
        return store.extend(key, this.#lease(given.right, given.ttl), given.mark)
      case 'release':
        return store.release(key, this.#lease(given.right))
      case 'invalidate':
      case 'expire':
        return store[given.kind]([key])
      case 'lower': {
        const entry = given.raw && { raw: given.raw, ...lifetime('fresh') }
        return store.lower(key, { token: given.token, settle: given.settle, entry })
      }
      default:
        given satisfies never
        throw new Error('no such command')
    }
  }

  /** Of a lease or a value; one that no key has, where neither has stood. */
  #head(of: Right): Buffer {
    const head = of.of === 'known' ? heads[of.index] : this.#past[of.ago]
    return head && /^[LV]/.test(head.toString('latin1')) ? head : leaseHead('?'.repeat(22))
  }

  #lease(of: Right, span: Span = 'given') {
    return { head: this.#head(of), ttl: spans[span] }
  }
}

const lifetime = (freshFor: Span) => ({ freshFor: spans[freshFor], ttl: spans.given })

/** The same in both stores: times by how far from now they are, and an id that was made by chance like any other. */
function told({ reply, raw }: Outcome, now: number): { readonly reply: string; readonly content: string } {
  const content = (bytes: Buffer) => anyId(readable(bytes.toString('latin1'), now))
  const remaining = (milliseconds: number) => readable(`B-${mine}${now + milliseconds}`, now).slice(24)
  const ofAcquire = (acquired: Acquired) => {
    if (acquired.kind === 'acquired') return `acquired ${content(acquired.head)}`
    if (acquired.kind === 'held') return `held ${remaining(acquired.remaining)}`
    return acquired.kind === 'value' ? `value ${content(acquired.raw)}` : acquired.kind
  }
  return { reply: typeof reply === 'object' ? ofAcquire(reply) : String(reply), content: raw ? content(raw) : 'absent' }
}

/** The same, but for an id that was made by chance. */
function anyId(content: string): string {
  return content.startsWith('V') && !known.has(content.slice(1, 23))
    ? `V${'i'.repeat(22)}${content.slice(23)}`
    : content
}

describe('MemoryStore and the scripts', () => {
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

  it('agree on every reply and every byte, whatever is asked of them and in whatever order', async () => {
    const replies = new Set<string>()
    const states = new Set<string>()

    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 16 }), async (commands) => {
        const key = newKey()
        const [inRedis, inMemory] = [new Place(redis, key), new Place(memory, key)]
        for (const given of commands) {
          const outcomes = [await inRedis.run(given), await inMemory.run(given)] as const
          const now = await serverTime(client)
          const [scripts, store] = outcomes.map((outcome) => told(outcome, now))

          expect(store).toEqual(scripts)

          replies.add(`${given.kind}: ${scripts?.reply.split(' ')[0]}`)
          states.add(scripts?.content === 'absent' ? 'absent' : (scripts?.content[0] ?? ''))
        }
        expect((await standing(client, key))?.ttl).not.toBe('none')
      }),
      { numRuns: 500 },
    )

    // No reply and no state was left out.
    expect([...replies].toSorted()).toEqual([
      'acquire: acquired',
      'acquire: barred',
      'acquire: held',
      'acquire: value',
      'claim: barred',
      'claim: claimed',
      'expire: undefined',
      'extend: extended',
      'extend: lost',
      'fill: accepted',
      'fill: rejected',
      'invalidate: undefined',
      'lower: lowered',
      'lower: stored',
      'raise: raised',
      'raise: up',
      'release: lost',
      'release: released',
      'renew: accepted',
      'renew: rejected',
    ])
    expect([...states].toSorted()).toEqual(['B', 'L', 'V', 'absent'])
  })
})
