import type { Codec } from '@cache-aside/core'
import { isStoredResponse, type Serialized } from './stored-response.ts'

const newline = 0x0a

/**
 * Stored responses as they go over the wire: a line of JSON that says what they are, and behind it the body, byte by byte.
 * A hit is read without parsing the body.
 */
export const responseCodec: Codec = {
  id: 'http',
  encode: (value) => {
    if (!isStoredResponse(value) || value.kind === 'response') throw new TypeError('not a response as it is sent')
    const body = value.kind === 'serialized' ? (value.body ?? '') : ''
    return Buffer.concat([headLine({ ...value, body: undefined }), Buffer.from(body as string)])
  },
  decode: (payload) => {
    const end = payload.indexOf(newline)
    const head = JSON.parse(payload.toString('utf8', 0, end)) as unknown
    if (!isStoredResponse(head) || head.kind === 'response') throw new TypeError('not a response as it is sent')
    if (head.kind === 'pass') return Object.freeze(head)
    // Frozen: the near cache serves one to all.
    for (const header of Object.values(head.headers)) Object.freeze(header)
    return Object.freeze({ ...head, headers: Object.freeze(head.headers), body: bodyAs(head.as, payload, end + 1) })
  },
}

const headLine = (head: object): Buffer => Buffer.from(`${JSON.stringify(head)}\n`)

function bodyAs(as: Serialized['as'], payload: Buffer, start: number): Serialized['body'] {
  switch (as) {
    case 'text':
      return payload.toString('utf8', start)
    case 'bytes':
      // A copy: others are given the same payload.
      return Buffer.from(payload.subarray(start))
    case 'nothing':
      return null
    default:
      as satisfies never
      throw new TypeError('a body of no known kind')
  }
}
