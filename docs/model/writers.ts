import { configuration } from './configuration.ts'
import { absent, barrierOf, type Key } from './key.ts'
import { moments, protocol } from './protocol.ts'
import { type Scripts, scripts } from './scripts.ts'
import { but, butScripts, type Study } from './study.ts'

const stands = { begins: 'value' } as const

/** Whatever a script leaves in a barrier, but for its x. */
const unmarked = (op: 'invalidate' | 'expire' | 'claim' | 'raise' | 'lower'): Partial<Scripts> => {
  const script = scripts[op] as Scripts['lower']
  const changed: Scripts['lower'] = (key, argument, running) => {
    const executed = script(key, argument, running)
    const wasContended = key.kind === 'barrier' && key.contended
    return executed.key.kind === 'barrier'
      ? { ...executed, key: { ...executed.key, contended: wasContended } }
      : executed
  }
  return { [op]: changed }
}

/** Takes a barrier for nothing. */
const blind = (key: Key): Key => (key.kind === 'barrier' ? absent : key)

/** Writers behind barriers, beside those without. */
export const writers: Study = {
  small: [
    configuration('R · RM', stands),
    configuration('RR · M', { ...stands, deaths: 1 }, 'a process killed'),
    configuration('RR · T', { ...stands, stale: 'served', endings: ['value', 'failed'] }, 'refreshed'),
    configuration('R · W · S', { ...stands, resends: 2 }, 'two commands sent twice'),
    configuration('R · E · S', { ...stands, resends: 1, timeouts: 1 }, 'a command sent twice, an answer not awaited'),
    configuration('R · T · S', { ...stands, keeps: 1, timeouts: 1 }, 'kept up, an answer not awaited'),
    configuration('R · T · E', { ...stands, resends: 1 }, 'a command sent twice'),
    configuration('R · T · T', { ...stands, resends: 1 }, 'a command sent twice'),
    configuration('R · T · W', { ...stands, keeps: 1, resends: 1 }, 'kept up, a command sent twice'),
    configuration('R · W · M', { ...stands, settles: true }, 'settles'),
    configuration('R · W · W', { ...stands, settles: true, resends: 1 }, 'settles, a command sent twice'),
    configuration('R · T · M', { ...stands, settles: true, deaths: 1 }, 'settles, a process killed'),
    configuration('R · TW', { ...stands, settles: true, unordered: true }, 'settles, replicas awaited'),
  ],
  large: [configuration('R · M · T', { ...stands, keeps: 1, deaths: 1 }, 'kept up, a process killed')],
  mutants: [
    {
      name: 'invalidation that leaves no x in a barrier',
      breaks: 'P1',
      protocol: butScripts(unmarked('invalidate')),
      shownBy: configuration('T · W', stands),
    },
    {
      name: 'expiry that leaves no x in a barrier',
      breaks: 'P1',
      protocol: butScripts(unmarked('expire')),
      shownBy: configuration('T · E', stands),
    },
    {
      name: 'refused claim that leaves no x in a barrier',
      breaks: 'P1',
      protocol: butScripts(unmarked('claim')),
      shownBy: configuration('T · S', stands),
    },
    {
      name: 'raise that leaves no x in a barrier',
      breaks: 'P4',
      protocol: butScripts(unmarked('raise')),
      shownBy: configuration('T · T', stands),
    },
    {
      name: 'lower after its time that leaves no x in a barrier',
      breaks: 'P1',
      protocol: butScripts(unmarked('lower')),
      shownBy: configuration('T · M', stands),
    },
    {
      name: 'value stored though its barrier had fallen and was raised again',
      breaks: 'P4',
      protocol: but({ stores: { afterFall: true, afterNoAnswer: false } }),
      shownBy: configuration('T · M', { ...stands, keeps: 1 }),
    },
    {
      name: 'value stored though its raise was not answered',
      breaks: 'P1',
      protocol: but({ stores: { afterFall: false, afterNoAnswer: true } }),
      shownBy: configuration('T · W', { ...stands, journals: true, timeouts: 1 }),
    },
    {
      name: 'barrier believed though its raise was sent twice',
      breaks: 'P4',
      protocol: but({ believesSentTwice: ['raise'] }),
      shownBy: configuration('T · M', { ...stands, resends: 1 }),
    },
    {
      name: 'claim believed though it was sent twice',
      breaks: 'P1',
      protocol: but({ believesSentTwice: ['claim'] }),
      shownBy: configuration('S · W', { ...stands, resends: 2 }),
    },
    {
      name: 'invalidation that removes a barrier',
      breaks: 'P4',
      protocol: butScripts({ invalidate: () => ({ key: absent, reply: { kind: 'void' } }) }),
      shownBy: configuration('R · M · W', stands),
    },
    {
      name: 'expiry that removes a barrier',
      breaks: 'P4',
      protocol: butScripts({ expire: (key, token, running) => scripts.expire(blind(key), token, running) }),
      shownBy: configuration('R · M · E', stands),
    },
    {
      name: 'claim that removes a barrier',
      breaks: 'P4',
      protocol: butScripts({ claim: (key, token, running) => scripts.claim(blind(key), token, running) }),
      shownBy: configuration('M · S', stands),
    },
    {
      name: 'lease granted in place of a barrier',
      breaks: 'P4',
      protocol: butScripts({ acquire: (key, attempt, running) => scripts.acquire(blind(key), attempt, running) }),
      shownBy: configuration('R · M'),
    },
    {
      name: 'lower that takes down the barriers of others',
      breaks: 'P4',
      protocol: butScripts({
        lower: (key, lowering, running) =>
          scripts.lower(key.kind === 'barrier' ? barrierOf(true, [lowering.token]) : key, lowering, running),
      }),
      shownBy: configuration('R · M · M', stands),
    },
    {
      name: 'lower that leaves what stands where its barrier had fallen',
      breaks: 'P1',
      protocol: butScripts({
        lower: (key, lowering, running) =>
          key.kind === 'barrier' ? scripts.lower(key, lowering, running) : { key, reply: { kind: 'lowered' } },
      }),
      shownBy: configuration('R · M'),
    },
    {
      name: 'joiner shares what was loaded behind a barrier before it boarded',
      breaks: 'P4',
      protocol: but({ asOf: { ...protocol.asOf, withoutRight: moments.ended } }),
      shownBy: configuration('RR · M'),
    },
    {
      name: 'write that does not settle though loaders read a replica that lags',
      breaks: 'P4',
      protocol: butScripts({
        lower: (key, lowering, running) => scripts.lower(key, { ...lowering, settle: false }, running),
      }),
      shownBy: configuration('R · M', { settles: true }),
    },
  ],
}
