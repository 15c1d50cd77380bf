import { CacheAside } from '../../src/index.ts'

/** A process that reads: the test says when, and answers its loaders. */
const [url = '', namespace = '', leaseTtl = ''] = process.argv.slice(2)
const cache = new CacheAside({ namespace, redis: url, leaseTtl })
const open: ((value: unknown) => void)[] = []
let loads = 0

const tell = (message: unknown) => process.send?.(message)
const load = () =>
  new Promise((resolve) => {
    loads += 1
    open.push(resolve)
    tell({ kind: 'loading' })
  })

process.on(
  'message',
  (message: { kind: 'read' | 'answer' | 'invalidate' | 'stats'; key?: string; value?: unknown; callers?: number }) => {
    const { kind, key = 'k', value, callers = 1 } = message
    if (kind === 'read') {
      const reads = Array.from({ length: callers }, () => cache.getOrLoad(key, load))
      Promise.all(reads).then(
        (values) => tell({ kind: 'values', values }),
        (error: unknown) => tell({ kind: 'failed', error }),
      )
    }
    if (kind === 'answer') open.shift()?.(value)
    if (kind === 'invalidate') void cache.invalidate(key).then(() => tell({ kind: 'invalidated' }))
    if (kind === 'stats') tell({ kind: 'stats', stats: cache.stats(), loads })
  },
)
await cache.connect()
tell({ kind: 'ready' })
