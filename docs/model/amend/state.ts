import { type Configuration, isLetter, kinds, type Letter } from './configuration.ts'

export interface Actor {
  readonly name: string
  readonly letter: Letter
  /** Like this one and before it: they start in order. */
  readonly after: number | undefined
}

/** Of a writer: what a value is marked with, or its part of a barrier. */
export type Token = number

export const none = -1
export const markOf = (actor: number): Token => 2 * actor
export const barrierOf = (actor: number): Token => 2 * actor + 1
export const ownerOf = (token: Token): number => Math.floor(token / 2)

/** Writes, by their places in the log: of a window the items, of a record each a field of its own. */
export type Items = readonly number[]

export type Key =
  | { readonly kind: 'absent' }
  | { readonly kind: 'lease'; readonly reader: number }
  | { readonly kind: 'barrier'; readonly writers: readonly Token[] }
  | Value

export interface Value {
  readonly kind: 'value'
  readonly items: Items
  /** Of the namespace, before it was loaded. */
  readonly generation: number
  /** By which it is marked. */
  readonly opened: Token
  /** Under which it was amended, if nothing has changed it since. */
  readonly amended: Token
}

export type Command =
  | { readonly op: 'open' | 'raise' | 'lower'; readonly token: Token }
  | { readonly op: 'amend'; readonly token: Token; readonly item: number }
  | { readonly op: 'invalidate' | 'clear' }

/** Where somebody is. */
export type Phase =
  | { readonly at: 'idle' | 'done' }
  /** A reader that has the lease. */
  | { readonly at: 'loading'; readonly generation: number }
  | { readonly at: 'filling'; readonly generation: number; readonly items: Items }
  /** A writer that has sent a command. The item is what it has committed, or none. */
  | { readonly at: 'asking'; readonly command: Command; readonly item: number }
  /** The value is its own, or its barrier is up: it is about to commit. */
  | { readonly at: 'writing'; readonly token: Token }
  /** Killed while it wrote: the database may yet commit. */
  | { readonly at: 'orphaned'; readonly token: Token }
  /** Killed, or its call has rejected, the write being made. */
  | { readonly at: 'gone'; readonly item: number }

/** Everything, at one moment; never changed. */
export interface State {
  readonly key: Key
  readonly generation: number
  /** Who has committed, in order. */
  readonly log: readonly number[]
  /** What every read that begins now has to see. */
  readonly owed: Items
  /** Whose time is not over, whatever stands under the key. */
  readonly running: readonly Token[]
  /** Writers whose mark or barrier was gone before they committed. */
  readonly bare: readonly number[]
  readonly phases: readonly Phase[]
  /** Commands whose answers nobody awaits. */
  readonly strays: readonly Command[]
  readonly left: Pick<Configuration, 'deaths' | 'resends' | 'losses' | 'throws' | 'evictions'>
}

export function actorsOf({ letters }: Configuration): Actor[] {
  const all = letters.split('')
  return all.map((letter, index) => {
    if (!isLetter(letter)) throw new Error(`nobody is called ${letter}`)
    const before = all.lastIndexOf(letter, index - 1)
    const nth = all.slice(0, index + 1).filter((one) => one === letter).length
    const after = index > 0 && before >= 0 && letter !== 'R' ? before : undefined
    return { name: `${kinds[letter]} ${nth}`, letter, after }
  })
}

/** The writers of a barrier, or of a mark. */
export function tokensOf(key: Key): readonly Token[] {
  if (key.kind === 'barrier') return key.writers
  return key.kind === 'value' && key.opened !== none ? [key.opened] : []
}

export const absent: Key = { kind: 'absent' }

export function initial(configuration: Configuration): State {
  const { begins, letters, deaths, resends, losses, throws, evictions } = configuration
  return {
    key: begins === 'absent' ? absent : { kind: 'value', items: [], generation: 0, opened: none, amended: none },
    generation: 0,
    log: [],
    owed: [],
    running: [],
    bare: [],
    phases: letters.split('').map(() => ({ at: 'idle' })),
    strays: [],
    left: { deaths, resends, losses, throws, evictions },
  }
}

export const phaseOf = ({ phases }: State, actor: number): Phase => phases[actor] as Phase

export const at = (state: State, actor: number, phase: Phase): State => ({
  ...state,
  phases: state.phases.with(actor, phase),
})

export const asks = (state: State, actor: number, command: Command, item: number = none): State =>
  at(state, actor, { at: 'asking', command, item })

export const spend = (state: State, what: keyof State['left']): State => ({
  ...state,
  left: { ...state.left, [what]: state.left[what] - 1 },
})

export const strayed = (state: State, command: Command): State => ({
  ...state,
  strays: [...state.strays, command].toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)),
})

/** A set, in order. */
export const united = (some: readonly number[], others: readonly number[]): readonly number[] =>
  [...new Set([...some, ...others])].toSorted((one, other) => one - other)

export const without = (some: readonly number[], one: number): readonly number[] => some.filter((each) => each !== one)
