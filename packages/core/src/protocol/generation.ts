import { generationLength } from '../entry/origin.ts'
import { newToken } from '../entry/token.ts'
import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { clearScript, generationScript } from './scripts.generated.ts'

/** What a namespace is at, and a new generation where there is none; see `scripts/generation.lua` for the states. */
export async function currentGeneration(redis: RedisPort, key: string): Promise<string> {
  const reply = await runScript(redis, generationScript, [key], [newToken()])
  const generation = decodeGeneration(reply)
  if (generation === undefined) throw unknownReply('generation', reply)
  return generation
}

/** Begins the next generation; see `scripts/clear.lua` for the states. */
export async function clear(redis: RedisPort, key: string, settle: number): Promise<void> {
  await runScript(redis, clearScript, [key], [newToken(), settle])
}

/** Undefined if it is none. */
export function decodeGeneration(raw: unknown): string | undefined {
  return Buffer.isBuffer(raw) && raw.length === generationLength ? raw.toString('latin1') : undefined
}
