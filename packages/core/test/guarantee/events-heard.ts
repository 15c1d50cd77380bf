import type { CacheAside } from '../../src/cache/cache.ts'
import type { CacheEventOf, CacheEventType } from '../../src/events.ts'

/** The next event of a type. */
export function next<Type extends CacheEventType>(cache: CacheAside, type: Type): Promise<CacheEventOf<Type>> {
  return new Promise((resolve) => {
    const once = (event: CacheEventOf<Type>) => {
      cache.events.off(type, once)
      resolve(event)
    }
    cache.events.on(type, once)
  })
}

/** All events of a type from now on. */
export function heard<Type extends CacheEventType>(cache: CacheAside, type: Type): CacheEventOf<Type>[] {
  const events: CacheEventOf<Type>[] = []
  cache.events.on(type, (event) => events.push(event))
  return events
}
