import { Redis } from 'ioredis'

/** How many commands of each name. */
export type Commands = Readonly<Record<string, number>>

/** What a server did, in microseconds. */
export interface Work {
  readonly total: number
  /** The longest for which one command kept everybody else waiting; of commands of one name, their mean at least. */
  readonly longest: number
}

/** In microseconds: a command that takes less is not noted by itself. */
const notable = 50
const scripts = new Set(['eval', 'evalsha', 'fcall'])
/** What is asked here. */
const own = /^(config|slowlog|info)\b/i

type Noted = [id: number, at: number, time: number, args: string[]]

/** What a server is asked for, and how long it is at work on it. One question at a time. */
export class ServerLedger {
  readonly #redis: Redis

  constructor(url: string) {
    this.#redis = new Redis(url)
    // What it is asked then says so.
    this.#redis.on('error', () => {})
  }

  /** The commands that clients send meanwhile; what a script calls is not sent. It slows the server down. */
  async sent(work: () => Promise<unknown>): Promise<Commands> {
    const monitor = await this.#redis.monitor()
    const commands = new Map<string, number>()
    const end = `end ${process.hrtime.bigint()}`
    const ended = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, [name = '', word]: string[], source: string) => {
        if (word === end) {
          // What is under way until the connection is closed is no longer asked for.
          monitor.removeAllListeners('monitor')
          resolve()
        } else if (source !== 'lua') commands.set(name.toLowerCase(), (commands.get(name.toLowerCase()) ?? 0) + 1)
      })
    })
    await work()
    await this.#redis.echo(end)
    await ended
    monitor.disconnect()
    return Object.fromEntries(commands)
  }

  /**
   * Begins to note how long the server executes commands: while it does, it does nothing else. Returns how to end it.
   * Where scripts are sent, they are all that is counted.
   */
  async watch(): Promise<() => Promise<Work>> {
    await this.#redis.config('SET', 'slowlog-max-len', 100_000)
    await this.#redis.config('SET', 'slowlog-log-slower-than', notable)
    await this.#redis.slowlog('RESET')
    await this.#redis.config('RESETSTAT')
    return async () => {
      const stats = commandStats(await this.#redis.info('commandstats')).filter(({ name }) => !own.test(name))
      const slow = (await this.#redis.slowlog('GET', 100_000)) as Noted[]
      await this.#redis.config('SET', 'slowlog-log-slower-than', -1)

      // What a script calls is part of its time, and stands in the list as well.
      const ran = stats.some(({ name }) => scripts.has(name)) ? stats.filter(({ name }) => scripts.has(name)) : stats
      const noted = slow.filter(([, , , [name = '']]) => !own.test(name))
      return {
        total: ran.reduce((total, { time }) => total + time, 0),
        longest: [...noted.map(([, , time]) => time), ...ran.map(({ calls, time }) => time / calls)].reduce(
          (longest, time) => Math.max(longest, time),
          0,
        ),
      }
    }
  }

  /** How many keys there are. */
  size(): Promise<number> {
    return this.#redis.dbsize()
  }

  async close(): Promise<void> {
    await this.#redis.quit()
  }
}

function commandStats(info: string): { readonly name: string; readonly calls: number; readonly time: number }[] {
  const lines = info.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)
  return Array.from(lines, ([, name = '', calls, time]) => ({ name, calls: Number(calls), time: Number(time) }))
}
