import { CacheAside } from '../../src/index.ts'

/** A process that writes: it commits when the test says so, and goes on when the test says so, if it lives. */
const [url = '', namespace = '', barrierTtl = ''] = process.argv.slice(2)
const cache = new CacheAside({ namespace, redis: url, barrierTtl })
const tell = (message: unknown) => process.send?.(message)
let goOn = () => {}

process.on('message', ({ kind }: { kind: 'write' | 'go on' }) => {
  if (kind === 'go on') return goOn()
  const write = () => {
    tell({ kind: 'writing' })
    return new Promise<void>((resolve) => {
      goOn = resolve
    })
  }
  cache.mutate('k', write).then(
    () => tell({ kind: 'written' }),
    (error: unknown) => tell({ kind: 'failed', error: String(error) }),
  )
})
await cache.connect()
tell({ kind: 'ready' })
