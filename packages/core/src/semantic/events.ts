/** Everything a semantic cache reports. Neither a question nor an answer is in any of them: `id` names both. */
export type SemanticEvent =
  /** An answer was served. `exact`: to the same question, without an embedding; its similarity is 1. */
  | { readonly type: 'hit'; readonly id: string; readonly similarity: number; readonly exact: boolean }
  /** There was none. `nearest`: the similarity of the nearest question, if there is one. */
  | { readonly type: 'miss'; readonly id: string; readonly nearest: number | undefined }
  /** Besides `miss`: a question stands less than `nearMiss` below the threshold. */
  | { readonly type: 'near-miss'; readonly id: string; readonly nearest: string; readonly similarity: number }
  /** A loader was called for an answer. */
  | { readonly type: 'call'; readonly id: string }
  /** A text was embedded. `duration` in milliseconds. */
  | { readonly type: 'embed'; readonly duration: number }
  /** A text was not: only an equal question can be answered from the cache then, and this one is not found by others. */
  | { readonly type: 'embed-error'; readonly error: unknown }
  /** The index failed what the caller could do without. */
  | { readonly type: 'index-error'; readonly operation: 'search' | 'add' | 'remove'; readonly error: unknown }
  /** The index pointed to an answer that is gone or void: the pointer was dropped, and the next nearest was looked at. */
  | { readonly type: 'dropped'; readonly id: string }

export type SemanticEventType = SemanticEvent['type']
export type SemanticEventOf<Type extends SemanticEventType> = Extract<SemanticEvent, { type: Type }>
