import type { Framework } from './framework.ts'
import { type HttpResponse, isJsonType } from './http.ts'
import type { Sent } from './stored-response.ts'

/** What is read of Express' response: its application has the settings. */
interface ExpressResponse extends HttpResponse {
  readonly app: { readonly response: object; get(setting: string): unknown }
}

/** As `res.json` and `res.send` of Express, and Nest in front of them, make text of a body. */
export class Express implements Framework {
  /** A middleware that gives responses a `json` of its own wants the body. */
  showsBodies(response: HttpResponse): boolean {
    return Object.hasOwn(response, 'json') || Object.hasOwn((response as ExpressResponse).app.response, 'json')
  }

  serialize(response: HttpResponse, body: unknown): Sent | undefined {
    // Nest sends nothing then, and no type.
    if (body === null) return { body, headers: {} }
    const { app } = response as ExpressResponse
    const given = response.getHeader('content-type')
    const isObject = typeof body === 'object'
    // Nest gives what looks like an error a type of its own.
    if (isObject && given !== undefined && !isJsonType(given) && 'statusCode' in body) return undefined
    const text = isObject ? toJson(body, app) : (body as string | number | boolean).toString()
    if (text === undefined) return undefined

    const headers = { 'content-type': given ?? (isObject ? 'application/json' : 'text/html') }
    if (response.getHeader('etag') !== undefined) return { body: text, headers }
    const toTag = app.get('etag fn') as ((bytes: Buffer) => string | undefined) | undefined
    const etag = toTag?.(Buffer.from(text))
    return { body: text, headers: etag === undefined ? headers : { ...headers, etag } }
  }
}

function toJson(body: object, app: ExpressResponse['app']): string | undefined {
  const replacer = app.get('json replacer') as Parameters<typeof JSON.stringify>[1]
  const json = JSON.stringify(body, replacer, app.get('json spaces') as string | number) as string | undefined
  if (!app.get('json escape')) return json
  return json?.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}
