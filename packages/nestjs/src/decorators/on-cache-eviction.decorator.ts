import type { Eviction } from '@cache-aside/core'
import { InvalidOptionsError } from '@cache-aside/core'

/** Where `@OnCacheEviction` leaves the patterns of a method. */
export const evictionMetadata = 'cache-aside:evictions'

/**
 * Calls the method of a provider or controller when a key that matches `pattern` has expired, was evicted by Redis, or
 * was deleted: by an invalidation, or by a load that ended without a value. `*` stands for any text; the namespace is
 * not a part of the key.
 *
 * Every process hears every eviction, and none hears those of a time when it was not connected: use it for logs, metrics
 * and warm-ups, not for what must happen once. It needs keyspace notifications, which the module turns on where the
 * server allows it, and else warns about at the start. What the method throws is logged.
 *
 * @throws {InvalidOptionsError} while the class is defined, for a pattern that is empty.
 *
 * @example
 * @OnCacheEviction('product:*')
 * onProductGone({ key, reason }: Eviction) { … }
 */
export function OnCacheEviction(pattern: string) {
  if (typeof pattern !== 'string' || pattern === '') {
    throw new InvalidOptionsError([
      {
        option: '@OnCacheEviction',
        expected: "a pattern such as 'product:*'",
        got: JSON.stringify(pattern) ?? 'undefined',
      },
    ])
  }
  return <Method extends (eviction: Eviction) => unknown>(
    _target: object,
    _name: string | symbol,
    { value: method }: TypedPropertyDescriptor<Method>,
  ): void => {
    const others = (Reflect.getOwnMetadata(evictionMetadata, method as Method) ?? []) as readonly string[]
    Reflect.defineMetadata(evictionMetadata, [...others, pattern], method as Method)
  }
}
