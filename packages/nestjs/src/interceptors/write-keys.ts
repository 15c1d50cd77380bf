import type { ExecutionContext } from '@nestjs/common'
import type { Advice } from './advice.ts'
import type { HttpRequest } from './http.ts'
import type { KeyTemplate } from './key-template.ts'
import { ownerOf } from './request-key.ts'
import { routeSettings } from './route-settings.ts'

/** The keys that a template of a write names: the one that everybody shares, and that of the user whose request it is. */
export function writeKeys(
  decorator: string,
  template: KeyTemplate,
  context: ExecutionContext,
  advice: Advice,
): readonly string[] {
  const request = context.switchToHttp().getRequest<HttpRequest>()
  const key = template.fill(request)
  // A key nobody reads is voided without an error: say so, or nobody finds out.
  const [missing] = template.missing(request)
  const misread = template.misread(request)
  const written = `${decorator}('${template.text}')`
  if (missing !== undefined) {
    const found = `${written} found no "${missing}" in the request and voided "${key}"`
    advice.give(context, 'missing', `: ${found}: take it from the result, with a function of @CacheInvalidate`)
  }
  if (misread !== undefined) {
    const voids = `${written} voids one key for every ":${misread}" of the route`
    advice.give(context, 'misread', `: ${voids}: for its value write "::${misread}"`)
  }

  const { policy } = routeSettings(context)
  const owner = typeof policy.credentials === 'function' ? ownerOf(request, policy) : undefined
  return owner === undefined ? [key] : [key, key + owner]
}
