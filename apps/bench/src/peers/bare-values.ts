import type { Row } from '../database.ts'
import type { OpenPeer } from './peer.ts'

/** The values in a map, and nothing else: what memory they take of themselves. */
export const bareValues: OpenPeer = async () => {
  const rows = new Map<string, Row>()
  return {
    getOrLoad: async (key, load) => {
      const row = rows.get(key) ?? (await load())
      rows.set(key, row)
      return row
    },
    invalidate: async (key) => {
      rows.delete(key)
      return 'acknowledged'
    },
    close: async () => rows.clear(),
  }
}
