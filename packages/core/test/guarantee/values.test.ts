import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { type Codec, jsonCodec } from '../../src/entry/codec.ts'
import { heard } from './events-heard.ts'
import { onEveryStore } from './on-every-store.ts'

const large = { text: 'cache-aside '.repeat(1_000) }

onEveryStore('a change of form', ({ open }) => {
  it.each<[string, object, object]>([
    ['codec', { codec: jsonCodec }, { codec: { ...jsonCodec, id: 'json.2' } }],
    ['version', { version: '1' }, { version: '2' }],
    ['version, where there was none', {}, { version: '2' }],
    ['version, where there is none any more', { version: '1' }, {}],
  ])('of %s makes old entries misses, and no error', async (_what, before, after) => {
    const [old, current] = [open(before), open(after)]
    await old.getOrLoad('k', () => 'in the old form')
    const [outdated, corrupt] = [heard(current, 'outdated'), heard(current, 'corrupt')]

    expect(await current.get('k')).toMatchObject({ found: false })
    expect(await current.getOrLoad('k', () => 'in the new form')).toBe('in the new form')

    expect(await current.get('k')).toMatchObject({ value: 'in the new form' })
    expect(outdated.length).toBeGreaterThan(0)
    expect(corrupt).toEqual([])
  })

  it('does not keep an invalidation from either side', async () => {
    const [old, current] = [open({ version: '1' }), open({ version: '2' })]
    await old.getOrLoad('k', () => 'old')

    await current.invalidate('k')

    expect(await old.getOrLoad('k', () => 'new')).toBe('new')
  })
})

onEveryStore('compression', ({ open }) => {
  it.each(['gzip', 'brotli'] as const)(
    'by %s comes back the same, in processes with any or none',
    async (compression) => {
      const cache = open({ compression })
      await cache.getOrLoad('k', () => large)

      for (const reader of [cache, open(), open({ compression: 'gzip' }), open({ compression: 'brotli' })]) {
        expect(await reader.get('k')).toEqual({ found: true, value: large })
      }
    },
  )

  it('makes the entry smaller, above its threshold', async () => {
    const lengths: Record<string, number> = {}
    for (const [name, options] of Object.entries({
      none: {},
      gzip: { compression: 'gzip' as const },
      threshold: { compression: { threshold: 1_000_000 } },
    })) {
      await open(
        options,
        (store) =>
          new Proxy(store, {
            get: (target, operation: keyof typeof store) => {
              if (operation !== 'fill') return target[operation].bind(target)
              return (...args: Parameters<typeof store.fill>) => {
                lengths[name] = args[2].raw.length
                return target.fill(...args)
              }
            },
          }),
      ).getOrLoad(name, () => large)
    }

    expect(lengths['threshold']).toBe(lengths['none'])
    expect(lengths['gzip']).toBeLessThan((lengths['none'] as number) / 10)
  })

  it('does not get a reader more than it takes: that is a miss', async () => {
    const [writer, reader] = [open({ compression: 'gzip' }), open({ maxValueSize: 1_000 })]
    await writer.getOrLoad('k', () => large)
    const corrupt = heard(reader, 'corrupt')

    expect(await reader.get('k')).toMatchObject({ found: false })
    expect(corrupt).toHaveLength(1)
  })
})

onEveryStore('the codec of a call', ({ open }) => {
  const plain: Codec = {
    id: 'plain',
    encode: (value) => Buffer.from(value as string),
    decode: (payload) => payload.toString(),
  }

  it('writes and reads its value, beside those of the codec of the cache', async () => {
    const cache = open({ version: '1' })
    expect(await cache.getOrLoad('plain', () => 'text', { codec: plain })).toBe('text')
    expect(await cache.set('set', 'text', { codec: plain })).toBe(true)
    expect(await cache.getOrLoad('json', () => ['value'])).toEqual(['value'])

    expect(await cache.get('plain', { codec: plain })).toEqual({ found: true, value: 'text' })
    expect(await cache.get('set', { codec: plain })).toEqual({ found: true, value: 'text' })
    expect(await cache.get('json')).toEqual({ found: true, value: ['value'] })
    expect(await cache.get('plain')).toMatchObject({ found: false })
  })

  it('is that of who loaded, for all who share a load', async () => {
    const cache = open()
    const source = gate<string>()
    const [leader, joiner] = [cache.getOrLoad('k', source.load, { codec: plain }), cache.getOrLoad('k', source.load)]
    await source.called

    source.answer('text')

    expect(await Promise.all([leader, joiner])).toEqual(['text', 'text'])
  })

  it('is refused if it is none', async () => {
    const options = { codec: { id: 'x' } } as unknown as { codec: Codec }
    await expect(open().getOrLoad('k', () => 'value', options)).rejects.toThrow(/option "codec"/)
  })
})
