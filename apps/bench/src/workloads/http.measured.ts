import { obey } from '../orders.ts'
import { createApp } from './http.app.ts'
import type { Assignment, Order, Told } from './http.messages.ts'
import { Tally } from './http.tally.ts'

const tally = new Tally()
const app = await createApp(JSON.parse(process.argv[2] ?? '') as Assignment, tally)

obey(async ({ kind }: Order): Promise<string | Told> => {
  if (kind === 'listen') {
    await app.listen(0, '127.0.0.1')
    return app.getUrl()
  }
  const { user, system } = process.cpuUsage()
  return { admitted: tally.admitted, handled: tally.handled, cpu: user + system }
})
