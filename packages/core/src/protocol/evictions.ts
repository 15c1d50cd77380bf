import type { Cluster, Redis } from 'ioredis'
import type { Eviction, EvictionWatch } from './store.ts'

const reasons: Readonly<Record<string, Eviction['reason']>> = { expired: 'expired', evicted: 'evicted', del: 'deleted' }

/** Keyspace channels, and the classes `expired`, `evicted` and generic (which has `del`). */
const needed = ['K', 'x', 'e', 'g'] as const
const hint = `set "notify-keyspace-events" to "${needed.join('')}" in the server's configuration`

/**
 * Listens to Redis' keyspace notifications for keys with `prefix`, on every master, over connections of its own.
 * Notifications are fire and forget: those of a time without connection are lost.
 *
 * @see https://redis.io/docs/latest/develop/use/keyspace-notifications/
 */
export async function watchEvictions(
  client: Redis | Cluster,
  prefix: string,
  listener: (eviction: Eviction) => void,
): Promise<EvictionWatch> {
  const subscribers = new Map<Redis, Redis>()
  let notifications: EvictionWatch['notifications'] = 'on'

  const watch = async (node: Redis): Promise<void> => {
    const { db = 0, keyPrefix = '' } = node.options
    const channelStart = `__keyspace@${db}__:${keyPrefix}`
    const subscriber = node.duplicate({
      keyPrefix: '',
      lazyConnect: true,
      replyMapping: 'legacy',
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      retryStrategy: (attempt: number) => Math.min(100 * attempt, 1_000),
    })
    subscribers.set(node, subscriber)
    subscriber.on('error', () => {}) // It reconnects and subscribes again by itself; a first failure rejects below.
    subscriber.on('pmessage', (_pattern: string, channel: string, event: string) => {
      const reason = reasons[event]
      if (reason) listener({ reason, key: channel.slice(channelStart.length) })
    })
    await subscriber.connect()
    if (!(await enableNotifications(subscriber))) notifications = 'refused'
    await subscriber.psubscribe(`${escapeGlob(channelStart + prefix)}*`)
  }
  const unwatch = (node: Redis): void => {
    subscribers.get(node)?.disconnect()
    subscribers.delete(node)
  }
  const onNode = (node: Redis): void => {
    if (!node.options.readOnly) watch(node).catch(() => unwatch(node))
  }

  const close = async (): Promise<void> => {
    client.off('+node', onNode)
    client.off('-node', unwatch)
    for (const node of subscribers.keys()) unwatch(node)
  }
  try {
    await Promise.all((client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]).map(watch))
  } catch (error) {
    await close()
    throw error
  }
  client.on('+node', onNode)
  client.on('-node', unwatch)
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

const escapeGlob = (text: string) => text.replace(/[*?[\]^\\]/g, '\\$&')
