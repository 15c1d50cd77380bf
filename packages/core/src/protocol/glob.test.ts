import { startRedis, type RedisServer } from '@cache-aside/testkit'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { escapePattern, globMatcher } from './glob.ts'

/** What means something in a pattern comes up often; the text is of the same few characters, so that they meet. */
const characters = fc.oneof(
  { arbitrary: fc.constantFrom('a', 'b', 'c', '-', ']', '[', '^', '*', '?', '\\'), weight: 9 },
  { arbitrary: fc.constantFrom(':', 'é', '€', '𝄞', ' ', '{', '}', '\n'), weight: 1 },
)
const text = fc.string({ unit: characters, maxLength: 8 })
const piece = fc.oneof(
  characters,
  fc.constantFrom('*', '**', '?', '[a-c]', '[^a]', '[c-a]', '[]', '[^]', '[]a]', '[a', '[^', '[a-', '[\\]]', '\\*'),
)
const pattern = fc
  .array(piece, { maxLength: 8 })
  .map((pieces) => pieces.join(''))
  // Whether a byte above 127 is below or above a letter depends on what the server was compiled for.
  .filter((joined) => !(joined.includes('-') && /\P{ASCII}/u.test(joined)))

describe('globMatcher', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  /** Behind a prefix, as a key is: of an empty text Redis says otherwise. */
  async function matchesInRedis(glob: string, given: string): Promise<boolean> {
    const [, , found] = await Promise.all([redis.flushall(), redis.set(`p:${given}`, ''), redis.keys(`p:${glob}`)])
    return found.length === 1
  }

  it.each([
    '',
    '*',
    '**',
    '?',
    '[',
    '[^',
    '[]',
    '[^]',
    '[]]',
    '[a',
    '[a-',
    '[a-]',
    '[z-a]',
    '[a-z',
    '[-a]',
    '[\\',
    '[\\]',
    '[\\]]',
    '[a\\-c]',
    '[a-\\]]',
    '[^^]',
    '[a^]',
    '\\',
    '\\\\',
    'a\\',
    '\\a',
    '*\\',
    '*[',
    '*]',
    'a*b*',
    '*?*',
    '[*]',
    '[?]',
    '[[]',
  ])('says of %j what Redis says', async (glob) => {
    const matches = globMatcher(glob)

    for (const given of ['', 'a', 'b', 'c', '-', ']', '[', '^', '*', '?', '\\', 'ab', 'a-', '[]', 'abab', 'é']) {
      expect([given, matches(given)]).toEqual([given, await matchesInRedis(glob, given)])
    }
  })

  it('says of any pattern and text what Redis says', async () => {
    await fc.assert(
      fc.asyncProperty(pattern, text, async (glob, given) => {
        expect(globMatcher(glob)(given)).toBe(await matchesInRedis(glob, given))
      }),
      { numRuns: 5_000 },
    )
  })

  it('says of a text made to match what Redis says', async () => {
    // By chance a long pattern hardly ever matches.
    const made = fc.array(fc.tuple(piece, text), { maxLength: 6 }).map((pieces) => ({
      glob: pieces.map(([part]) => part).join(''),
      given: pieces.map(([part, instead]) => (/^[*?[]/.test(part) ? instead : part.replace(/^\\/, ''))).join(''),
    }))
    await fc.assert(
      fc.asyncProperty(made, async ({ glob, given }) => {
        fc.pre(!(glob.includes('-') && /\P{ASCII}/u.test(glob + given)))
        expect(globMatcher(glob)(given)).toBe(await matchesInRedis(glob, given))
      }),
      { numRuns: 5_000 },
    )
  })

  it('is done with a pattern of many stars', () => {
    // With one attempt for each way to share the text among the stars this would not end.
    expect(globMatcher(`${'*a'.repeat(60)}*b`)('a'.repeat(16_384))).toBe(false)
  })
})

describe('escapePattern', () => {
  it('makes of any text a pattern that matches it, and nothing else', () => {
    fc.assert(
      fc.property(text, text, (one, another) => {
        expect(globMatcher(escapePattern(one))(another)).toBe(one === another)
        expect(globMatcher(escapePattern(one))(one)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})
