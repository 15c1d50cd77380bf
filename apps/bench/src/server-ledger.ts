import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'

/** How many commands of each name. */
export type Commands = Readonly<Record<string, number>>

/** A command, and the connection that it came by. */
export interface Sent {
  readonly name: string
  readonly source: string
}

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

/** `+1795289380.895 [0 127.0.0.1:47448] "get" "key"`: who sent it, its name, and what stands behind it. */
const monitored = /^\+[\d.]+ \[\d+ ([^\]]+)\] "([^"]*)"(?: "([^"]*)")?/

type Noted = [id: number, at: number, time: number, args: string[]]

/** What a server is asked for, and how long it is at work on it. One question at a time. */
export class ServerLedger {
  readonly #url: URL
  readonly #redis: Redis

  constructor(url: string) {
    this.#url = new URL(url)
    this.#redis = new Redis(url)
    // What it is asked then says so.
    this.#redis.on('error', () => {})
  }

  /** How many commands clients send meanwhile; what a script calls is not sent. It slows the server down. */
  async sent(work: () => Promise<unknown>): Promise<Commands> {
    const commands = new Map<string, number>()
    for (const { name } of await this.log(work)) commands.set(name, (commands.get(name) ?? 0) + 1)
    return Object.fromEntries(commands)
  }

  /**
   * The commands that clients send meanwhile, in their order. It slows the server down.
   *
   * Not by `monitor` of ioredis, which loses its place where others send something while it begins.
   */
  async log(work: () => Promise<unknown>): Promise<Sent[]> {
    // Connected, so that what its client asks the server first is not counted.
    await this.#redis.ping()
    const monitor = connect(Number(this.#url.port), this.#url.hostname)
    const lines = createInterface({ input: monitor.setEncoding('latin1') })
    const begun = once(lines, 'line')
    monitor.write('MONITOR\r\n')
    await begun

    const commands: Sent[] = []
    const end = `end ${process.hrtime.bigint()}`
    const ended = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        const [, source = '', name = '', word] = monitored.exec(line) ?? []
        if (word === end) {
          // What is under way until the connection is closed is no longer asked for.
          lines.removeAllListeners('line')
          resolve()
        } else if (source !== 'lua') commands.push({ name: name.toLowerCase(), source })
      })
    })
    await work()
    await this.#redis.echo(end)
    await ended
    monitor.destroy()
    return commands
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

  /** What the server has executed since it began, without what is asked here; what a script calls counts as well. */
  async executed(): Promise<Commands> {
    const stats = commandStats(await this.#redis.info('commandstats'))
    return Object.fromEntries(stats.filter(({ name }) => !own.test(name)).map(({ name, calls }) => [name, calls]))
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
