import { describe, expectTypeOf, it } from 'vitest'
import {
  type Fields,
  getRecordCacheToken,
  InjectRecordCache,
  json,
  type RecordCache,
  RecordCacheModule,
  type RecordOf,
} from '../../src/record/index.ts'
import {
  hashingEmbedder,
  InjectSemanticCache,
  type SemanticCache,
  SemanticCacheModule,
} from '../../src/semantic/index.ts'
import { InjectWindowCache, type WindowCache, WindowCacheModule } from '../../src/window/index.ts'

interface Message {
  readonly text: string
}

const fields = {
  name: 'string',
  stock: 'number?',
  attributes: json<{ readonly watt: number }>(),
} as const satisfies Fields

describe('a module of records', () => {
  it('takes the options of a record cache', () => {
    RecordCacheModule.forFeature({ name: 'product', fields, ttl: '10m' })
    RecordCacheModule.forFeature({ name: 'product', fields: { name: 'string' } })
    RecordCacheModule.forFeatureAsync({ name: 'product', useFactory: async (ttl: string) => ({ fields, ttl }) })
    // @ts-expect-error no fields
    RecordCacheModule.forFeature({ name: 'product' })
    // @ts-expect-error no such type
    RecordCacheModule.forFeature({ name: 'product', fields: { name: 'text' } })
    // @ts-expect-error the cache is that of the application
    RecordCacheModule.forFeature({ name: 'product', fields, cache: null })
    // @ts-expect-error no name
    RecordCacheModule.forFeatureAsync({ useFactory: () => ({ fields }) })
    // @ts-expect-error no fields
    RecordCacheModule.forFeatureAsync({ name: 'product', useFactory: () => ({ ttl: '10m' }) })
  })

  it('injects records of the declared fields', () => {
    class Products {
      readonly records: RecordCache<typeof fields>

      constructor(@InjectRecordCache('product') records: RecordCache<typeof fields>) {
        this.records = records
      }
    }

    expectTypeOf<RecordOf<Products['records']>>().toEqualTypeOf<{
      name: string
      stock: number | null
      attributes: { readonly watt: number }
    }>()
    expectTypeOf(getRecordCacheToken('product')).toEqualTypeOf<string>()
  })
})

describe('a module of windows', () => {
  it('takes the options of a window cache, and injects it', () => {
    class Chats {
      @InjectWindowCache('chat') readonly chats!: WindowCache<Message>
    }

    WindowCacheModule.forFeature({ name: 'chat' })
    WindowCacheModule.forFeature({ name: 'chat', limit: { tokens: 4_000, of: ({ text }: Message) => text.length } })
    WindowCacheModule.forFeatureAsync<Message>({
      name: 'chat',
      useFactory: () => ({ limit: { tokens: 4_000, of: ({ text }) => text.length } }),
    })
    // @ts-expect-error no limit
    WindowCacheModule.forFeature({ name: 'chat', limit: 'all' })
    expectTypeOf(Chats).toBeConstructibleWith()
  })
})

describe('a module of semantic answers', () => {
  it('takes the options of a semantic cache, and injects it', () => {
    class Answers {
      @InjectSemanticCache('answers') readonly answers!: SemanticCache<'tenant'>
    }

    SemanticCacheModule.forFeature({ name: 'answers', embedder: hashingEmbedder(), metadata: ['tenant'] })
    SemanticCacheModule.forFeatureAsync({
      name: 'answers',
      inject: ['DIMENSIONS'],
      useFactory: (dimensions: number) => ({ embedder: hashingEmbedder({ dimensions }), threshold: 0.9 }),
    })
    // @ts-expect-error no embedder
    SemanticCacheModule.forFeature({ name: 'answers' })
    // @ts-expect-error no embedder
    SemanticCacheModule.forFeatureAsync({ name: 'answers', useFactory: () => ({ threshold: 0.9 }) })
    expectTypeOf(Answers).toBeConstructibleWith()
  })
})
