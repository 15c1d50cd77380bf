import { randomBytes } from 'node:crypto'

/** Characters of a token, and of the id of an entry. */
export const tokenLength = 22

/** A lease token or the id of an entry: 128 random bits, fresh for every attempt and every write. */
export function newToken(): string {
  return randomBytes(16).toString('base64url')
}
