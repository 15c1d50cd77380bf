import { checkReadOptions } from '@cache-aside/core'
import type { HttpRequest } from './http.ts'
import type { Route } from './route.ts'

interface Tagged {
  readonly request: HttpRequest
  readonly route: Route
}

/** The tags that are known before the handler runs: those of templates. @throws {InvalidKeyError} for one that is misread. */
export function declaredTags({ request, route }: Tagged): readonly string[] {
  const { tags } = route.settings
  return tags.filter((tag) => typeof tag !== 'function').map((template) => template.fillToStore(request))
}

/** Those, and what functions make of the result. @throws what they throw {InvalidKeyError} {@link InvalidOptionsError} */
export function tagsOfResult(tagged: Tagged, result: unknown): readonly string[] {
  const { request, route } = tagged
  const functions = route.settings.tags.filter((tag) => typeof tag === 'function')
  // Each once: a list has the tag of a category for each of its products.
  const tags = [...new Set([...declaredTags(tagged), ...functions.flatMap((make) => make({ request, result }))])]
  checkReadOptions({ tags })
  return tags
}
