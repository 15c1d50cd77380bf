import { startProcess } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'

const echo = new URL('process/echo.ts', import.meta.url)

describe('startProcess', () => {
  it('runs a TypeScript file with arguments and environment', async () => {
    await using child = await startProcess(echo, { args: ['a', 'b'], env: { ECHO: 'c' } })

    expect(await child.receive()).toEqual({ args: ['a', 'b'], env: 'c' })
  })

  it('sends and receives values as they are', async () => {
    await using child = await startProcess(echo)
    await child.receive()

    const message = { nothing: undefined, big: 1n, map: new Map([['k', Buffer.from('v')]]) }
    await child.send(message)

    expect(await child.receive()).toStrictEqual(message)
  })

  it('leaves what does not fit for the next to receive', async () => {
    await using child = await startProcess(echo)
    await child.receive()

    await child.send('first')
    await child.send('second')

    expect(await child.receive((message) => message === 'second')).toBe('second')
    expect(await child.receive()).toBe('first')
  })

  it('rejects with the standard error of a process that ends', async () => {
    await using child = await startProcess(echo)
    await child.receive()

    await child.send('throw')

    await expect(child.receive()).rejects.toThrow('thrown on purpose')
    expect(await child.exited).toEqual({ code: 1, signal: null })
    await expect(child.send('late')).rejects.toThrow('closed')
  })

  it('resolves a kill when the process has ended', async () => {
    const child = await startProcess(echo)
    await child.receive()

    expect(await child.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('hears nothing of a paused process before it is resumed', async () => {
    await using child = await startProcess(echo)
    await using witness = await startProcess(echo)
    await Promise.all([child.receive(), witness.receive()])

    child.pause()
    await child.send('paused')
    await witness.send('running')
    expect(await Promise.race([child.receive(), witness.receive()])).toBe('running')

    child.resume()
    await child.send('resumed')
    expect(await child.receive()).toBe('resumed')
  })
})
