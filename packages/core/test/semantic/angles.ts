import type { EmbedContext, Embedder } from '../../src/semantic/index.ts'

/** An embedder of texts such as `lamp @10`, whose vectors stand at so many degrees; without, at none. */
export interface Angles extends Embedder {
  /** The texts that it was given. */
  readonly asked: string[]
  /** Takes the place of the next embeddings. */
  instead: ((text: string, context: EmbedContext) => ReturnType<Embedder['embed']>) | undefined
}

export function angles(): Angles {
  return {
    id: 'angles',
    asked: [],
    instead: undefined,
    embed(text, context) {
      this.asked.push(text)
      if (this.instead) return this.instead(text, context)
      const radians = (Number(/@(\d+)/.exec(text)?.[1] ?? 0) * Math.PI) / 180
      return Promise.resolve([Math.cos(radians), Math.sin(radians), 0])
    },
  }
}

/** The similarity of two texts so many degrees apart. */
export const cosineOf = (degrees: number): number => Math.cos((degrees * Math.PI) / 180)
