import type { Head, Reply, Value } from './key.ts'
import type { Floors, Wrong } from './floors.ts'

/** Where somebody is. */
export type Phase = Passive | Reading | Flying | Writing | Journaling

type Passive =
  | { readonly at: 'idle' | 'done' | 'dead' }
  /** Was given a version that it must not be given. */
  | { readonly at: 'wronged'; readonly by: Wrong }

/** A read. `since`: what had been promised when it began. */
type Reading =
  /** `denied`: has joined a flight whose value it could not have. */
  | { readonly at: 'reading'; readonly since: Floors; readonly denied: boolean; readonly reply: Reply | undefined }
  | {
      readonly at: 'joined'
      readonly since: Floors
      readonly fallback: Value | undefined
      readonly leader: number
      readonly boarded: number
    }
  | { readonly at: 'denied'; readonly since: Floors }

/** What a flight knows of its leader. */
export interface Led {
  /** Undefined when its leader does not wait for it any more, or never has. */
  readonly since: Floors | undefined
  /** What its leader is served if the loader fails. */
  readonly fallback: Value | undefined
  /** A refresh behind a value that was served, which nobody has joined. */
  readonly behind: boolean
}

/** The course of a flight. `stale`: the value that it is to refresh. */
type Flying =
  /** It can be joined, and has marked no moment yet. */
  | { readonly at: 'boarding'; readonly led: Led; readonly away: boolean; readonly stale: Value | undefined }
  /** `twice`: the command may have been sent twice, because its connection broke. */
  | {
      readonly at: 'acquiring'
      readonly led: Led
      readonly stale: Value | undefined
      readonly twice: boolean
      readonly reply: Reply | undefined
    }
  | { readonly at: 'waiting'; readonly led: Led; readonly stale: Value | undefined }
  /** Another process is about this refresh. */
  | { readonly at: 'leaving'; readonly led: Led }
  /** `right`: the head under which it may fill. `version` is what it has read at the database. */
  | {
      readonly at: 'loading'
      readonly led: Led
      readonly right: Head | undefined
      readonly stale: Value | undefined
      readonly version: number | undefined
    }
  /** Without a version when the loader failed. */
  | {
      readonly at: 'filling' | 'renewing' | 'releasing' | 'deferring'
      readonly led: Led
      readonly right: Head
      readonly version: number | undefined
      readonly reply: Reply | undefined
    }

type Writing =
  | { readonly at: 'committed'; readonly version: number }
  /** `covers` was committed when the command was issued. */
  | { readonly at: 'invalidating' | 'expiring'; readonly covers: number; readonly reply: Reply | undefined }
  /** Raises what nobody lowers, after an invalidation. */
  | { readonly at: 'settling'; readonly covers: number; readonly twice: boolean; readonly reply: Reply | undefined }
  /** Its call has resolved. The time for which nothing is filled is not over. */
  | { readonly at: 'settled'; readonly covers: number }
  | { readonly at: 'claiming'; readonly version: number; readonly twice: boolean; readonly reply: Reply | undefined }
  | { readonly at: 'setting'; readonly version: number; readonly reply: Reply | undefined }
  | { readonly at: 'raising'; readonly twice: boolean; readonly reply: Reply | undefined }
  /** Behind its barrier. `unbroken`: it has stood since it was raised, as far as its writer knows. */
  | { readonly at: 'writing'; readonly version: number | undefined; readonly unbroken: boolean }
  /** Raises it again, meanwhile. */
  | {
      readonly at: 'keeping'
      readonly version: number | undefined
      readonly unbroken: boolean
      readonly twice: boolean
      readonly reply: Reply | undefined
    }
  /** Without a version when the write was not made. `stores`: gives what was written along. */
  | {
      readonly at: 'lowering'
      readonly version: number | undefined
      readonly covers: number
      readonly stores: boolean
      readonly reply: Reply | undefined
    }
  /** Nobody takes its barrier down any more: its process was killed, or was not answered. */
  | { readonly at: 'orphaned'; readonly version: number | undefined }

/** What a process keeps of the invalidations that were not acknowledged. */
type Journaling =
  | { readonly at: 'empty' }
  | { readonly at: 'pending'; readonly covers: number }
  /** `added` while the replay was under way. */
  | {
      readonly at: 'replaying'
      readonly covers: number
      readonly added: number
      readonly twice: boolean
      readonly reply: Reply | undefined
    }

/** Somebody whose reply has not come, or not been acted on. */
export type Asking = Extract<Phase, { readonly reply: unknown }>

export const isAsking = (phase: Phase): phase is Asking => 'reply' in phase

/** A flight that has not landed. */
export const isFlying = (phase: Phase): phase is Flying => 'led' in phase
