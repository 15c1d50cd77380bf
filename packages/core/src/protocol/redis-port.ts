/** The part of an ioredis client (5 or 6, `Redis` or `Cluster`) that this package uses. */
export interface RedisPort {
  readonly status: string
  readonly isCluster: boolean
  connect(): Promise<void>
  disconnect(): void
  quit(): Promise<unknown>
  on(event: string, listener: (argument: unknown) => void): unknown
  off(event: string, listener: (argument: unknown) => void): unknown
  getBuffer(key: string): Promise<Buffer | null>
  mgetBuffer(keys: string[]): Promise<(Buffer | null)[]>
  callBuffer(command: string, args: (string | Buffer | number)[]): Promise<unknown>
}
