import { openPeer } from '../peers/peers.ts'
import type { Answer, Question } from './redis-away.messages.ts'

/** Another process of the application: it knows nothing but what Redis holds. */
async function look({ peer: name, url, promised }: Question): Promise<Answer> {
  const peer = await openPeer(name, url)
  const stale: string[] = []
  for (const [key, version] of promised) {
    const row = await peer.getOrLoad(key, async () => ({ key, version, text: '' }))
    if (row.version < version) stale.push(key)
  }
  await peer.close()
  return { stale }
}

process.on('disconnect', () => process.exit())
process.on('message', (question: Question) => {
  look(question).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
