const examples = {
  DATABASE_URL: 'postgres://user:password@localhost:5432/shop',
  REDIS_URL: 'redis://localhost:6379',
} as const

/** The environment asks for something that cannot be had. The message names the variable and shows a right value. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message)
    // Whoever reads it changes a variable: where the code found out is noise.
    this.stack = message
  }

  /** A server that this app cannot do without. `problem` must not hold the URL, which may hold a password. */
  static server(variable: keyof typeof examples, problem: string, cause: unknown): ConfigError {
    const { code, message } = cause as NodeJS.ErrnoException
    return new ConfigError(
      `${variable}: ${problem}: ${message || code} (expected a running server, such as ${examples[variable]})`,
    )
  }
}

/** What the environment says, checked before anything starts. */
export class Config {
  readonly port: number
  /** Only this machine, unless it is told otherwise: nobody has to log in to change a price here. */
  readonly host: string
  readonly httpAdapter: 'express' | 'fastify'
  /** Without it, the app runs a Postgres of its own. */
  readonly databaseUrl: string | undefined
  /** Without it, the app runs a Redis of its own, or keeps the cache in memory. */
  readonly redisUrl: string | undefined
  /** What each read of the database takes longer than it has to, in milliseconds, so that a miss feels like one. */
  readonly readLatency: number
  /** What each call of the assistant's model takes, in milliseconds. */
  readonly modelLatency: number

  /** @throws {ConfigError} */
  constructor({ PORT, HOST, HTTP_ADAPTER, DATABASE_URL, REDIS_URL, READ_LATENCY, MODEL_LATENCY }: NodeJS.ProcessEnv) {
    this.port = wholeNumber('PORT', PORT, { usual: 8080, highest: 65_535 })
    this.host = HOST || '127.0.0.1'
    this.httpAdapter = oneOf('HTTP_ADAPTER', HTTP_ADAPTER || 'fastify', ['fastify', 'express'])
    this.databaseUrl = serverUrl('DATABASE_URL', DATABASE_URL, ['postgres:', 'postgresql:'])
    this.redisUrl = serverUrl('REDIS_URL', REDIS_URL, ['redis:', 'rediss:'])
    this.readLatency = wholeNumber('READ_LATENCY', READ_LATENCY, { usual: 120, highest: 10_000 })
    this.modelLatency = wholeNumber('MODEL_LATENCY', MODEL_LATENCY, { usual: 1_000, highest: 10_000 })
  }
}

function wholeNumber(
  variable: string,
  text: string | undefined,
  { usual, highest }: { readonly usual: number; readonly highest: number },
): number {
  if (!text) return usual
  if (/^\d+$/.test(text) && Number(text) <= highest) return Number(text)
  throw new ConfigError(
    `${variable}=${text}: expected a whole number from 0 to ${highest}, such as ${variable}=${usual}`,
  )
}

function oneOf<T extends string>(variable: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === text)
  if (choice) return choice
  throw new ConfigError(`${variable}=${text}: expected ${choices.join(' or ')}`)
}

// A URL that is not understood is not repeated either: it may hold a password.
function serverUrl(
  variable: keyof typeof examples,
  text: string | undefined,
  protocols: readonly string[],
): string | undefined {
  if (!text) return undefined
  if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return text
  throw new ConfigError(`${variable}: expected a URL such as ${examples[variable]}`)
}
