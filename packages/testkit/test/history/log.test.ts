import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseHistory, readHistory } from '../../src/history/history.ts'
import { HistoryLog } from '../../src/history/log.ts'

describe('the log', () => {
  it('comes back as it was written, without the line that a killed process did not end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'history-'))
    const log = new HistoryLog(join(folder, 'a.log'))
    const read = log.begin('read', 'k')
    log.end(read, { version: 3, load: 'a:9' })
    log.begin('commit', 'k')

    const { steps } = readHistory(folder)
    rmSync(folder, { recursive: true })

    expect(steps).toMatchObject([
      { process: 'a', id: 1, action: 'read', key: 'k', version: 3, load: 'a:9' },
      { process: 'a', id: 2, action: 'commit', key: 'k' },
    ])
    expect(Number(steps[0]?.ended)).toBeGreaterThan(Number(steps[0]?.began))
    expect(steps[1]).not.toHaveProperty('ended')
    const whole = '{"at":1,"begin":"read","id":1,"key":"k"}\n'
    expect(parseHistory(new Map([['a', `${whole}{"at":2,"en`]])).steps).toHaveLength(1)
    expect(() => parseHistory(new Map([['a', `{"at":2,"en\n${whole}`]]))).toThrow(SyntaxError)
  })

  it('can be read up to a moment, while others write', () => {
    const lines = [
      { at: 1, begin: 'read', id: 1, key: 'k' },
      { at: 9, end: 1, version: 0 },
    ]
    const log = lines.map((line) => `${JSON.stringify(line)}\n`).join('')

    const { steps, until } = parseHistory(new Map([['a', log]]), 5)

    expect(until).toBe(5)
    expect(steps).toEqual([{ process: 'a', action: 'read', began: 1, id: 1, key: 'k' }])
  })
})
