import { partsOf } from '../cache/cache.ts'
import { cacheKey } from '../entry/key.ts'
import { InvalidOptionsError } from '../errors.ts'
import type { RedisPort } from '../protocol/redis-port.ts'
import { RedisStore } from '../protocol/redis-store.ts'
import { runScript, unknownReply } from '../protocol/script.ts'
import { pointScript } from './scripts.generated.ts'
import { asSimilarity } from './vector.ts'
import type { IndexFactory, IndexPlace, Neighbour, Pointer, Query, VectorIndex } from './vector-index.ts'

/**
 * The index in the cache's own Redis, for all its processes: vector sets of Redis 8, of each combination of metadata a newer
 * and an older one. When the newer holds half of `maxEntries` it becomes the older, and that one goes.
 * Where the cache is not on Redis, the semantic cache cannot be made; where the server has no vector sets, `connect` and `ask`
 * throw an {@link InvalidOptionsError}.
 */
export function redisVectors(): IndexFactory {
  return (place) => new RedisVectors(place)
}

/** What is over may hide what is not: so many elements are looked at, at most. */
const filterEffort = 10_000

class RedisVectors implements VectorIndex {
  readonly #store: RedisStore
  readonly #keyStart: string
  readonly #maxEntries: number
  /** Its server has answered a command of vector sets: what fails later is not for lack of them. */
  #proven = false

  constructor({ name, cache, embedder, maxEntries }: IndexPlace) {
    const { store } = partsOf(cache).options
    if (!(store instanceof RedisStore)) throw noVectors('a cache whose store is not a RedisStore')
    this.#store = store
    this.#keyStart = `${cache.namespace}/semantic:${cacheKey(name, embedder)}`
    this.#maxEntries = maxEntries
  }

  async connect(): Promise<void> {
    await this.#store.connect()
    await this.#send(this.#keyStart, (redis) => redis.callBuffer('vcard', [this.#keyStart]))
  }

  async search(query: Query, count: number): Promise<readonly Neighbour[]> {
    const options = ['WITHSCORES', 'COUNT', count, 'FILTER', `.until > ${Math.floor(this.#store.now())}`]
    const wanted = ['FP32', bytesOf(query.vector), ...options, 'FILTER-EF', filterEffort]
    const found = await this.#sendEach(query, async (redis, key) =>
      neighbours(await redis.callBuffer('vsim', [key, ...wanted])),
    )
    const [newer = [], older = []] = found
    const both = [...newer, ...older.filter(({ id }) => newer.every((other) => other.id !== id))]
    return both.toSorted((one, another) => another.similarity - one.similarity).slice(0, count)
  }

  async add({ id, ttl, ...query }: Pointer): Promise<void> {
    const keys = this.#keysOf(query)
    const args = [Math.floor(this.#maxEntries / 2), ttl, id, bytesOf(query.vector)]
    await this.#send(keys[0], (redis) => runScript(redis, pointScript, keys, args))
  }

  /** It is not found any more; a vector set forgets it with all the others. */
  async remove(id: string, query: Query): Promise<void> {
    await this.#sendEach(query, (redis, key) => redis.callBuffer('vsetattr', [key, id, '{"until":0}']))
  }

  /** In one slot, and so in one round trip. */
  #sendEach<T>(query: Query, command: (redis: RedisPort, key: string) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#keysOf(query).map((key) => this.#send(key, (redis) => command(redis, key))))
  }

  /** The newer and the older set. Vectors of other dimensions cannot be in one. */
  #keysOf({ scope, vector }: Query): readonly [newer: string, older: string] {
    const newer = `${this.#keyStart}:${vector.length}:{${scope}}`
    return [newer, `${newer}:older`]
  }

  async #send<T>(key: string, command: (redis: RedisPort) => Promise<T>): Promise<T> {
    try {
      const reply = await this.#store.send(command, key)
      this.#proven = true
      return reply
    } catch (error) {
      if (this.#proven || !isUnknownCommand(error)) throw error
      throw noVectors(await this.#server())
    }
  }

  /** What the server says it is. */
  async #server(): Promise<string> {
    const info = await this.#store
      .send((redis) => redis.callBuffer('info', ['server']), this.#keyStart)
      .catch(() => 'a server that does not say what it is')
    const said = String(info)
    const [, valkey] = /^valkey_version:(\S+)/m.exec(said) ?? []
    const [, redis] = /^redis_version:(\S+)/m.exec(said) ?? []
    if (valkey) return `Valkey ${valkey}, which has none`
    return redis ? `Redis ${redis}, which has none` : 'a server that has none'
  }
}

const noVectors = (got: string): InvalidOptionsError =>
  new InvalidOptionsError([
    { option: 'index', expected: 'a cache on Redis 8 with vector sets (VADD), or index: new ExactIndex()', got },
  ])

/** Of the server, or of a script. */
const isUnknownCommand = (error: unknown): boolean =>
  error instanceof Error && /unknown command|unknown redis command/i.test(error.message)

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)

/** An element and its score after the other; an object of scores by element from a client that maps replies of RESP3. */
function neighbours(reply: unknown): Neighbour[] {
  const flat = Array.isArray(reply)
    ? reply
    : typeof reply === 'object' && reply !== null
      ? Object.entries(reply).flat()
      : undefined
  if (!flat || flat.length % 2 !== 0) throw unknownReply('vsim', reply)
  const found: Neighbour[] = []
  for (let at = 0; at < flat.length; at += 2) {
    // From 0 for the opposite direction to 1 for the same.
    const score = Number(String(flat[at + 1]))
    if (!Number.isFinite(score)) throw unknownReply('vsim', reply)
    found.push({ id: String(flat[at]), similarity: asSimilarity(2 * score - 1) })
  }
  return found
}
