import type { Commands, ServerLedger } from './server-ledger.ts'
import type { Turns } from './turns.ts'

/** What one operation sends. */
export interface Sent {
  /** Round trips: what waits for no reply of another is one. */
  readonly turns: number
  readonly commands: Commands
}

export const numberOf = (commands: Commands): number => Object.values(commands).reduce((sum, one) => sum + one, 0)

/** An operation is counted so often, and the fewest count: what is sent by the way is not its own. */
const counted = 3

/**
 * Counts what an operation sends that goes by `turns`.
 *
 * @param act Is told how often it has been called.
 * @param begin What is to be before it.
 */
export async function sentBy(
  { turns, ledger }: { readonly turns: Turns; readonly ledger: ServerLedger },
  act: (time: number) => Promise<unknown>,
  begin: () => Promise<unknown> = async () => {},
): Promise<Sent> {
  const trips: number[] = []
  const sent: Commands[] = []
  // The first brings scripts and connections with it.
  for (let time = 0; time <= counted; time += 1) {
    await begin()
    const taken = await turns.of(() => act(time))
    await begin()
    const commands = await ledger.sent(() => act(time))
    if (time === 0) continue
    trips.push(taken)
    sent.push(commands)
  }
  const [commands = {}] = sent.toSorted((one, another) => numberOf(one) - numberOf(another))
  return { turns: Math.min(...trips), commands }
}
