import { configuration } from './configuration.ts'

const stands = { begins: 'value' } as const
const moving = { tags: 'moving' } as const
const unexpected = { tags: 'moving', expects: [] } as const
const everything = ['entry', 'generation', 'tags', 'all'] as const

/** Part of `pnpm verify`. */
export const small = [
  configuration('RR · W', moving, 'tags that move'),
  configuration('RR · W', { ...stands, ...unexpected }, 'tags that were not expected'),
  configuration('RR · W', { ...moving, endings: ['value', 'declined'] }, 'loads declined'),
  configuration('RR · W', { loses: everything, losses: 1 }, 'anything lost'),
  configuration(
    'RR · W',
    { ...stands, ...moving, resends: 1, timeouts: 1 },
    'a command sent twice, an answer not awaited',
  ),
  configuration('RR · W', { cluster: true }, 'three nodes'),
  configuration('RR · C'),
  configuration('RR · C', { asksAgain: true }, 'the generation asked for again'),
  configuration('R · RC', { cluster: true }, 'three nodes'),
  configuration(
    'R · C',
    { ...stands, loses: ['generation'], losses: 2, resends: 1 },
    'the generation lost twice, a command sent twice',
  ),
  configuration('R · R · W', moving, 'tags that move'),
  configuration('R · RW', { ...stands, ...unexpected, prunes: 1 }, 'a field pruned'),
  configuration('R · W', { ...stands, ...moving, resends: 2 }, 'two commands sent twice'),
  configuration(
    'R · W',
    { ...stands, loses: ['tags', 'all'], losses: 2, backs: 1 },
    'the hash lost twice, the clock set back',
  ),
  configuration('R · RK'),
  configuration('R · W · K', moving, 'tags that move'),
  configuration(
    'RR · E',
    { ...stands, endings: ['value', 'failed'], resends: 1 },
    'loads failed, a command sent twice',
  ),
  configuration('R · E · W', { ...stands, endings: ['value', 'failed'], prunes: 1 }, 'loads failed, a field pruned'),
  configuration('RR · M', { deaths: 1 }, 'a process killed'),
  configuration(
    'R · M',
    { ...stands, deaths: 1, backs: 1, resends: 1 },
    'a process killed, the clock set back, a command sent twice',
  ),
  configuration(
    'R · M',
    { loses: ['tags'], losses: 1, deaths: 1, timeouts: 1 },
    'a process killed, the hash lost, an answer not awaited',
  ),
  configuration('R · M · M', stands),
  configuration('R · T · W', stands),
  configuration('R · T · M', stands),
  configuration('R · T · C', stands),
  configuration('R · W', { settles: 'B', backs: 1 }, 'B settles, the clock set back'),
  configuration('R · W · M', { settles: 'B' }, 'B settles'),
  configuration('R · W · W', { settles: 'BC' }, 'B and C settle'),
  configuration('R · C · C', { settles: 'B' }, 'B settles'),
  configuration('R · C · C', { settles: 'BC', asksAgain: true }, 'B and C settle, the generation asked for again'),
]

/** Of `pnpm model` too. */
export const large = [
  configuration('R · M · M', { settles: 'B' }, 'B settles'),
  configuration('RR · RW', moving, 'tags that move'),
  configuration('RR · RC'),
  configuration('R · R · WC', moving, 'tags that move'),
  configuration('R · RW', { ...stands, backs: 1, loses: ['tags'], losses: 1 }, 'the hash lost, the clock set back'),
  configuration('R · RW', { ...stands, ...moving, resends: 2 }, 'two commands sent twice'),
  configuration('R · RM', { ...stands, deaths: 1, backs: 1 }, 'a process killed, the clock set back'),
  configuration('RR · M', { deaths: 1, resends: 1 }, 'a process killed, a command sent twice'),
  configuration('R · M · M', { deaths: 1 }, 'a process killed'),
  configuration('R · W · W', { settles: 'BC', resends: 1 }, 'B and C settle, a command sent twice'),
  configuration('R · C · C', { settles: 'B', resends: 1 }, 'B settles, a command sent twice'),
  configuration('R · T · M', { ...stands, deaths: 1 }, 'a process killed'),
]
