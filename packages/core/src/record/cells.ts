/** The texts of the fields of a record, by their place among those that are declared; null: the record does not have it. */
export type Cells = readonly (Buffer | null)[]

/** Of a cell, before its bytes: its place, and how many they are. */
const headLength = 2 + 4
const mark = Buffer.from('r')

/** In one piece, behind a byte that tells a record without cells from none. */
export function packCells(cells: Cells): Buffer {
  const parts: Buffer[] = [mark]
  for (const [place, cell] of cells.entries()) {
    if (cell === null) continue
    const head = Buffer.allocUnsafe(headLength)
    head.writeUInt16BE(place)
    head.writeUInt32BE(cell.length, 2)
    parts.push(head, cell)
  }
  return Buffer.concat(parts)
}

/** @param count Of the fields that are declared. */
export function unpackCells(packed: Buffer, count: number): (Buffer | null)[] {
  const cells: (Buffer | null)[] = Array.from({ length: count }, () => null)
  for (let at = mark.length; at < packed.length; ) {
    const start = at + headLength
    const end = start + packed.readUInt32BE(at + 2)
    cells[packed.readUInt16BE(at)] = packed.subarray(start, end)
    at = end
  }
  return cells
}
