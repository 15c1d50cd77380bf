import type { ExecutionContext } from '@nestjs/common'
import type { Advice } from './advice.ts'
import type { HttpRequest } from './http.ts'
import type { KeyTemplate } from './key-template.ts'
import { ownerOf } from './request-key.ts'
import { metadata, routeSettings } from './route-settings.ts'

/** What a decorator of a write names, and with what: a template, or a function of what it is given. */
export interface WriteTarget {
  readonly what: 'key' | 'tag'
  readonly of: KeyTemplate | ((given: unknown) => string | readonly string[])
}

/**
 * The keys, or the tags, that the decorators of a write name.
 *
 * @throws what a function of the application throws.
 */
export function writeNames(
  kind: 'invalidate' | 'mutate',
  what: WriteTarget['what'],
  context: ExecutionContext,
  given: unknown,
  advice: Advice,
): readonly string[] {
  const targets = Reflect.getMetadata(metadata[kind], context.getHandler()) as readonly WriteTarget[]
  return targets
    .filter((target) => target.what === what)
    .flatMap(({ of }) => (typeof of === 'function' ? of(given) : filled(of, what, context, advice)))
}

/** What a template names; of keys, the one that everybody shares, and that of the user whose request it is. */
function filled(
  template: KeyTemplate,
  what: WriteTarget['what'],
  context: ExecutionContext,
  advice: Advice,
): readonly string[] {
  const request = context.switchToHttp().getRequest<HttpRequest>()
  const name = template.fill(request)
  // What nobody reads is voided without an error: say so, or nobody finds out.
  const [missing] = template.missing(request)
  const misread = template.misread(request)
  const { written } = template
  if (missing !== undefined) {
    const found = `${written} found no "${missing}" in the request and voided "${name}"`
    const better = what === 'tag' ? '@CacheInvalidateTag' : '@CacheInvalidate'
    advice.give(context, `missing ${written}`, `: ${found}: take it from the result, with a function of ${better}`)
  }
  if (misread !== undefined) {
    const voids = `${written} voids one ${what} for every ":${misread}" of the route`
    advice.give(context, `misread ${written}`, `: ${voids}: for its value write "::${misread}"`)
  }
  if (what === 'tag') return [name]

  const { policy } = routeSettings(context)
  const owner = typeof policy.credentials === 'function' ? ownerOf(request, policy) : undefined
  return owner === undefined ? [name] : [name, name + owner]
}
