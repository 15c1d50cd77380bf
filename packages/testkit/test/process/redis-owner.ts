import { startRedis } from '@cache-aside/testkit'

const redis = await startRedis()
process.on('message', () => {
  throw new Error('thrown on purpose')
})
process.send?.(redis.port)
