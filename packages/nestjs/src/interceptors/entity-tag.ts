import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Weak, as something behind the application may compress the body. */
export function weakTag(body: string | Buffer): string {
  return `W/"${createHash('sha1').update(body).digest('base64url')}"`
}

/** Whether the client has what the tag names (RFC 9110, section 13.1.2); tags are compared weakly. */
export function isNotModified({ 'if-none-match': known }: IncomingHttpHeaders, tag: unknown): boolean {
  if (known === undefined || typeof tag !== 'string') return false
  return known.trim() === '*' || tagsIn(known).includes(opaque(tag))
}

/** A tag may hold a comma: they are found, and not split. */
const tagsIn = (list: string): string[] => list.match(/"[^"]*"/g) ?? []

const opaque = (tag: string): string => tag.replace(/^W\//, '')
