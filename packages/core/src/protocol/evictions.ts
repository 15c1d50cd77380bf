import type { Cluster, Redis } from 'ioredis'
import { escapePattern } from './glob.ts'
import { guarded } from './guarded.ts'
import type { Eviction, EvictionWatch } from './store.ts'

const reasons: Readonly<Record<string, Eviction['reason']>> = { expired: 'expired', evicted: 'evicted', del: 'deleted' }

/** Keyspace channels, and the classes `expired`, `evicted` and generic (which has `del`). */
const needed = ['K', 'x', 'e', 'g'] as const
const hint = `set "notify-keyspace-events" to "${needed.join('')}" in the server's configuration`

/**
 * Listens to Redis' keyspace notifications for keys with `prefix`, on every master of a client that is connected, over
 * connections of its own. Notifications are fire and forget: those of a time without connection are lost.
 *
 * @see https://redis.io/docs/latest/develop/use/keyspace-notifications/
 */
export async function watchEvictions(
  client: Redis | Cluster,
  prefix: string,
  listener: (eviction: Eviction) => void,
): Promise<EvictionWatch> {
  const subscribers = new Map<Redis, Redis>()
  const tell = guarded(listener)
  const { keyPrefix = '' } = client.options
  let notifications: EvictionWatch['notifications'] = 'on'

  /** Resolves when the node reports; a connection that is lost later comes back, and subscribes again, by itself. */
  const watch = async (node: Redis): Promise<void> => {
    if (subscribers.has(node)) return
    const channelStart = `__keyspace@${node.options.db ?? 0}__:${keyPrefix}`
    const subscriber = node.duplicate({
      keyPrefix: '',
      lazyConnect: true,
      replyMapping: 'legacy',
      enableOfflineQueue: true,
      autoResubscribe: false,
      maxRetriesPerRequest: null,
      retryStrategy: (attempt: number) => Math.min(100 * attempt, 1_000),
    })
    subscribers.set(node, subscriber)
    subscriber.on('pmessage', (_pattern: string, channel: string, event: string) => {
      const reason = reasons[event]
      if (reason) tell({ reason, key: channel.slice(channelStart.length) })
    })
    await new Promise<void>((resolve, reject) => {
      subscriber.on('error', reject)
      subscriber.on('end', () => reject(new Error('the connection for keyspace notifications was closed')))
      // A restarted server has forgotten its settings: they are seen to on every connection, before it subscribes.
      subscriber.on('ready', () => {
        enableNotifications(subscriber)
          .then((enabled) => {
            if (!enabled) notifications = 'refused'
            return subscriber.psubscribe(`${escapePattern(channelStart + prefix)}*`)
          })
          .then(() => resolve(), reject)
      })
      subscriber.connect().catch(reject)
    })
  }
  const unwatch = (node: Redis): void => {
    // What is on its way is not told any more.
    subscribers.get(node)?.removeAllListeners('pmessage').disconnect()
    subscribers.delete(node)
  }
  const onNode = (node: Redis): void => {
    // It may not be there yet: its connection is tried again until it is.
    if (!node.options.readOnly) watch(node).catch(() => node)
  }

  const close = async (): Promise<void> => {
    client.off('+node', onNode)
    client.off('-node', unwatch)
    for (const node of subscribers.keys()) unwatch(node)
  }
  client.on('+node', onNode)
  client.on('-node', unwatch)
  try {
    await Promise.all((client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]).map(watch))
  } catch (error) {
    await close()
    throw error
  }
  return notifications === 'on' ? { notifications, close } : { notifications, hint, close }
}

/** Adds what is missing to the server's setting, and keeps what others have set. False where that is refused. */
async function enableNotifications(redis: Redis): Promise<boolean> {
  try {
    const [, flags = ''] = await redis.config('GET', 'notify-keyspace-events')
    const missing = needed.filter((flag) => !flags.includes(flag) && !(flag !== 'K' && flags.includes('A')))
    if (missing.length > 0) await redis.config('SET', 'notify-keyspace-events', flags + missing.join(''))
    return true
  } catch {
    return false // No permission, or no CONFIG at all: a managed server.
  }
}
