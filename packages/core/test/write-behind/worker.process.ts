import { CacheAside } from '../../src/index.ts'
import { WriteBehind, type WriteBehindEntry } from '../../src/write-behind/index.ts'
import { databaseAt } from './database.ts'

/** A process that writes: at once, or when the test says so, before or after its database has it. */
const [url = '', namespace = '', port = '', leaseTtl = '', mode = '', fence = ''] = process.argv.slice(2)
const database = databaseAt(Number(port))
const open: (() => void)[] = []

const tell = (message: unknown) => process.send?.(message)
const ask = (kind: string, batch: readonly WriteBehindEntry<unknown>[]) =>
  new Promise<void>((resolve) => {
    open.push(resolve)
    tell({ kind, batch })
  })

const cache = new CacheAside({ namespace, redis: url })
const stock = new WriteBehind<unknown>({
  name: 'stock',
  cache,
  redis: url,
  interval: '5ms',
  batchSize: 10,
  leaseTtl,
  maxAttempts: 2,
  retryDelay: '20ms',
  write: async (batch) => {
    if (mode === 'before') await ask('writing', batch)
    await database.write(batch, { fenced: fence === 'fenced' })
    if (mode === 'after') await ask('written', batch)
  },
})
stock.events.on('active', () => tell({ kind: 'active' }))
stock.events.on('late-write', ({ keys }) => tell({ kind: 'late', keys }))

process.on('message', ({ kind, key, value }: { kind: 'answer' | 'put' | 'close'; key?: string; value?: unknown }) => {
  if (kind === 'answer') open.shift()?.()
  if (kind === 'put') void stock.put(key ?? 'k', value).then((id) => tell({ kind: 'put', id }))
  if (kind === 'close') void stock.close().then((left) => tell({ kind: 'closed', ...left }))
})
stock.start()
tell({ kind: 'ready' })
