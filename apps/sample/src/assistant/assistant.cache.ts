import { ExactIndex, hashingEmbedder, redisVectors, SemanticCacheModule } from '@cache-aside/nestjs/semantic'
import { CacheBackend } from '../cache/cache-backend.ts'
import { CacheBackendModule } from '../cache/cache-backend.module.ts'

/** What an answer depends on besides its question: what one shop's customers were told, no other's are. */
const metadata = ['tenant', 'model'] as const
export type AnswerMetadata = (typeof metadata)[number]

/**
 * How near a question has to be to one that was answered. It goes with the embedder: this one knows words and not what they
 * mean. For what people really ask, take `openAiEmbedder`, and find the threshold for that (docs/semantic.md).
 */
export const threshold = 0.9

/** For `@InjectSemanticCache('answers')`. */
export const Answers = SemanticCacheModule.forFeatureAsync({
  name: 'answers',
  imports: [CacheBackendModule],
  inject: [CacheBackend],
  useFactory: ({ hasVectors }: CacheBackend) => ({
    embedder: hashingEmbedder(),
    // In Redis, all processes find what one has asked. A process that looks in itself finds what it has asked itself.
    index: hasVectors ? redisVectors() : new ExactIndex(),
    metadata,
    threshold,
    ttl: '1h',
  }),
})
