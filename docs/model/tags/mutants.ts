import { configuration } from './configuration.ts'
import { lengths, others, scripts, turned, whole } from './scripts.ts'
import { noFields, type Tags } from './store.ts'
import { but, butScripts, type Mutant } from './study.ts'

const moving = { tags: 'moving' } as const
const stands = { begins: 'value' } as const

/** A hash that is made of the token of who makes it, and of nothing else. */
const hashOf = (token: number, now: number): Tags => ({
  id: `t-${token}`,
  clock: now,
  due: [],
  floor: now,
  fields: noFields,
})

export const mutants: readonly Mutant[] = [
  {
    name: 'reading taken when the loader has returned',
    breaks: 'P1',
    protocol: but({ asksAfterLoad: 'reading' }),
    shownBy: configuration('R · W'),
  },
  {
    name: 'generation read when the loader has returned',
    breaks: 'P1',
    protocol: but({ asksAfterLoad: 'generation' }),
    shownBy: configuration('R · C'),
  },
  {
    name: 'joiner shares a value whose tags were not asked for again',
    breaks: 'P1',
    protocol: but({ rechecks: 'never' }),
    shownBy: configuration('RR · W'),
  },
  {
    name: 'joiner shares a value whose tags were asked for before the moment was marked',
    breaks: 'P1',
    protocol: but({ rechecks: 'before the fill' }),
    shownBy: configuration('RR · W'),
  },
  {
    name: 'value found by an acquire served without a look at its tags',
    breaks: 'P1',
    protocol: but({ checksFound: 'never' }),
    shownBy: configuration('RR · R · W'),
  },
  {
    name: 'value found by an acquire judged by the generation of the first read',
    breaks: 'P1',
    protocol: but({ checksFound: 'old generation' }),
    shownBy: configuration('RR · R · C'),
  },
  {
    name: 'entry judged by the tags that were expected',
    breaks: 'P1',
    protocol: but({ judgesByExpected: true }),
    shownBy: configuration('RW · W', { ...moving }),
  },
  {
    name: 'readings of the second command judged by the id and the floor of the first',
    breaks: 'P1',
    protocol: but({ judgesByFirst: true }),
    shownBy: configuration('R · W', { ...stands, tags: 'moving', expects: ['b'], loses: ['tags'], losses: 1 }),
  },
  {
    name: 'readings that were fetched before the read began',
    breaks: 'P1',
    protocol: but({ reusesReadings: true }),
    shownBy: configuration('RR · W', stands),
  },
  {
    name: 'lost hash read as never invalidated',
    breaks: 'P1',
    protocol: but({ comparesId: false, lostIsNever: true, missingIsFloor: false }),
    shownBy: configuration('R · W', { ...stands, loses: ['tags'], losses: 1 }),
  },
  {
    name: 'hash without an id',
    breaks: 'P1',
    protocol: but({ comparesId: false }),
    shownBy: configuration('R · WR', { ...stands, loses: ['tags'], losses: 1, backs: 1 }),
  },
  {
    name: 'id of the hash made of its token alone',
    breaks: 'P1',
    protocol: butScripts({
      moment: (store, command, now) =>
        scripts.moment(store.tags.id === '' ? { ...store, tags: hashOf(command.token, now) } : store, command, now),
    }),
    shownBy: configuration('R · W', { loses: ['tags'], losses: 2, backs: 1, resends: 1 }),
  },
  {
    name: 'missing field read as 0 though it was pruned',
    breaks: 'P1',
    protocol: but({ missingIsFloor: false }),
    shownBy: configuration('R · W', { ...stands, prunes: 1 }),
  },
  {
    name: 'field that was pruned made again from 0',
    breaks: 'P1',
    protocol: butScripts({
      expire: (store, { tags }, now) =>
        turned(store, now, tags, (field, reading) => {
          const missing = tags.some((tag) => !store.tags.fields[tag])
          return { ...field, void: missing ? 0 : field.void, expired: reading }
        }),
    }),
    shownBy: configuration('R · W · E', { ...stands, prunes: 1, endings: ['failed'] }),
  },
  {
    name: 'moment at the time of the server, beyond the clock that is stored',
    breaks: 'P1',
    protocol: butScripts({
      moment: (found, _command, now) => {
        const store = whole(found, now)
        return { store, reply: { kind: 'moment', id: store.tags.id, reading: Math.max(store.tags.clock, now) } }
      },
    }),
    shownBy: configuration('R · W', { backs: 1 }),
  },
  {
    name: 'bump by the time of the server alone, whatever was given already',
    breaks: 'P1',
    protocol: butScripts({
      bump: (store, command, now) => scripts.bump({ ...store, tags: { ...store.tags, clock: 0 } }, command, now),
    }),
    shownBy: configuration('R · W', { backs: 1 }),
  },
  {
    name: 'moment that goes to what is due before it is time',
    breaks: 'P4',
    protocol: butScripts({
      moment: (store, command, now) => scripts.moment(store, command, Math.max(now, ...store.tags.due)),
    }),
    shownBy: configuration('R · M', { deaths: 1 }),
  },
  {
    name: 'barrier that makes nothing due',
    breaks: 'progress',
    protocol: butScripts({
      raise: (store, command, now) => {
        const executed = scripts.raise(store, command, now)
        return { ...executed, store: { ...executed.store, tags: { ...executed.store.tags, due: store.tags.due } } }
      },
    }),
    shownBy: configuration('R · M', { deaths: 1 }),
  },
  {
    name: 'moment that never catches up with what is due',
    breaks: 'progress',
    protocol: butScripts({
      moment: (found, _command, now) => {
        const store = whole(found, now)
        return { store, reply: { kind: 'moment', id: store.tags.id, reading: store.tags.clock } }
      },
    }),
    shownBy: configuration('R · M', { deaths: 1 }),
  },
  {
    name: 'generation made of its token alone',
    breaks: 'P1',
    protocol: butScripts({
      generate: (store, { token }) => {
        const name = store.generation.name || `g-${token}`
        return { store: { ...store, generation: { name } }, reply: { kind: 'generation', generation: name } }
      },
    }),
    shownBy: configuration('R · C', { loses: ['generation'], losses: 2, resends: 1 }),
  },
  {
    name: 'generation that a late copy of its clear brings back',
    breaks: 'P1',
    protocol: butScripts({
      clear: (store, { token }) => ({
        store: { ...store, generation: { name: `g-${token}` } },
        reply: { kind: 'done' },
      }),
    }),
    shownBy: configuration('R · CC', { resends: 1 }),
  },
  {
    name: 'clear that ends what another has to settle',
    breaks: 'P1',
    protocol: butScripts({
      clear: (store, command, now) => scripts.clear({ ...store, generation: { name: '' } }, command, now),
    }),
    shownBy: configuration('R · C · C', { settles: 'B' }),
  },
  {
    name: 'bump that does not settle',
    breaks: 'P1',
    protocol: butScripts({ bump: (store, command, now) => scripts.bump(store, { ...command, settles: false }, now) }),
    shownBy: configuration('R · W', { settles: 'B' }),
  },
  {
    name: 'lower to what is given then, whatever was to settle',
    breaks: 'P1',
    protocol: butScripts({
      lower: (store, { token, tags }, now) =>
        turned(store, now, tags, (field, reading) => ({ ...others(field, token, now), void: reading })),
    }),
    shownBy: configuration('R · W · M', { settles: 'B' }),
  },
  {
    name: 'barrier from the time of the server, whatever was given already',
    breaks: 'P4',
    protocol: butScripts({
      raise: (store, { token, tags }, now) =>
        turned(store, now, tags, (field) => {
          const rest = others(field, token, now)
          return { ...rest, writers: [...rest.writers, { token, end: now + lengths.barrier }] }
        }),
    }),
    shownBy: configuration('R · M', { backs: 1, deaths: 1 }),
  },
  {
    name: 'mutation without a barrier',
    breaks: 'P4',
    protocol: but({ raises: false }),
    shownBy: configuration('R · M', { deaths: 1 }),
  },
  {
    name: 'lower that takes down the barriers of others',
    breaks: 'P4',
    protocol: butScripts({
      lower: (store, { tags }, now) =>
        turned(store, now, tags, (field, reading) => ({ ...field, void: reading, writers: [] })),
    }),
    shownBy: configuration('R · M · M', { deaths: 1 }),
  },
  {
    name: 'lower that leaves the readings where its barrier had fallen',
    breaks: 'P1',
    protocol: butScripts({
      lower: (store, command, now) => {
        const isThere = command.tags.some((tag) =>
          store.tags.fields[tag]?.writers.some(({ token, end }) => token === command.token && end > now),
        )
        return isThere ? scripts.lower(store, command, now) : { store, reply: { kind: 'done' } }
      },
    }),
    shownBy: configuration('R · M'),
  },
  {
    name: 'lower that only takes its writer out',
    breaks: 'P1',
    protocol: butScripts({
      lower: (store, command, now) => turned(store, now, command.tags, (field) => others(field, command.token, now)),
    }),
    shownBy: configuration('R · M'),
  },
  {
    name: 'bump that makes a hash without an id',
    breaks: 'progress',
    protocol: butScripts({
      bump: (store, command, now) => {
        const executed = scripts.bump(store, command, now)
        return store.tags.id === ''
          ? { ...executed, store: { ...executed.store, tags: { ...executed.store.tags, id: '?' } } }
          : executed
      },
      moment: (store, command, now) =>
        store.tags.id === '?'
          ? { store, reply: { kind: 'moment', id: '', reading: Math.max(store.tags.clock, now) } }
          : scripts.moment(store, command, now),
    }),
    shownBy: configuration('R · W', { loses: ['tags'], losses: 1 }),
  },
  {
    name: 'value written through as of a time after its write',
    breaks: 'P1',
    protocol: but({ writesAsOf: 'after' }),
    shownBy: configuration('T · W', stands),
  },
]
