import type { Codec } from '../entry/codec.ts'

/** An answer as it stands in the cache, with the question that it was the answer to. */
export interface Stored {
  readonly question: string
  readonly answer: unknown
}

/** As a codec, and reads nothing but answers: what else stands under a key of theirs is corrupt, and a miss. */
export function answerCodec(codec: Codec): Codec {
  return {
    id: codec.id,
    encode: (value) => codec.encode(value),
    decode: (payload) => {
      const stored = codec.decode(payload) as Partial<Stored> | null
      if (stored !== null && !(typeof stored?.question === 'string' && 'answer' in stored))
        throw new TypeError('not an answer with its question')
      return stored
    },
  }
}
