import { configuration } from './configuration.ts'
import { fresh } from './key.ts'
import { scripts } from './scripts.ts'
import { but, butScripts, type Study } from './study.ts'

const served = { begins: 'value', stale: 'served' } as const
const kept = { begins: 'value', stale: 'fallback', expired: 'fallback' } as const
const everyEnding = ['value', 'unchanged', 'declined', 'failed'] as const
const refreshed = { ...served, expired: 'fallback', endings: everyEnding } as const
const readerAndExpirer = configuration('R · E', { ...served, endings: ['value', 'unchanged'] })

/** Values that get stale, are expired, and are refreshed. */
export const refreshes: Study = {
  small: [
    configuration('RR · E', { ...kept, endings: everyEnding, impatient: true }, 'not waited for'),
    configuration('R · R · E', { ...refreshed, early: true }, 'refreshed early'),
    configuration('R · RE', { ...refreshed, resends: 1 }, 'a command sent twice'),
  ],
  large: [
    configuration(
      'R · RE',
      { ...kept, endings: everyEnding, impatient: true, timeouts: 1 },
      'not waited for, an answer not awaited',
    ),
  ],
  mutants: [
    {
      name: 'refresh filled without compare-and-swap',
      breaks: 'P1',
      protocol: butScripts({
        fill: (key, command, running) =>
          key.kind === 'value'
            ? { key: fresh(command.entry), reply: { kind: 'accepted' } }
            : scripts.fill(key, command, running),
      }),
      shownBy: readerAndExpirer,
    },
    {
      name: 'renewal without compare-and-swap',
      breaks: 'P1',
      protocol: butScripts({
        renew: (key, { expected, head }, running) =>
          scripts.renew(key, { expected: key.kind === 'value' ? key.head : expected, head }, running),
      }),
      shownBy: readerAndExpirer,
    },
    {
      name: 'expiry that keeps the id',
      breaks: 'P1',
      protocol: butScripts({
        expire: (key, token, running) =>
          key.kind === 'value'
            ? { key: { ...key, age: 'expired', mark: 'none' }, reply: { kind: 'void' } }
            : scripts.expire(key, token, running),
      }),
      shownBy: readerAndExpirer,
    },
    {
      name: 'expiry that keeps the lease',
      breaks: 'P1',
      protocol: butScripts({
        expire: (key, token, running) =>
          key.kind === 'lease' ? { key, reply: { kind: 'void' } } : scripts.expire(key, token, running),
      }),
      shownBy: configuration('R · E'),
    },
    {
      name: 'expiry that makes the new id of its token alone',
      breaks: 'P1',
      protocol: butScripts({
        expire: (key, token, running) => {
          const executed = scripts.expire(key, token, running)
          const { key: expired } = executed
          return expired.kind === 'value' ? { ...executed, key: { ...expired, head: `V/${token}` } } : executed
        },
      }),
      shownBy: configuration('R · R · EE', { ...kept, resends: 1 }),
    },
    {
      name: 'what was expired is served to a read that does not wait for its loader',
      breaks: 'P1',
      protocol: but({ servesExpiredEarly: true }),
      shownBy: configuration('R · E', { ...kept, impatient: true }),
    },
    {
      name: 'mark that never ends',
      breaks: 'progress',
      protocol: but({ endless: ['mark'] }),
      shownBy: configuration('R · R', { ...kept, deaths: 1 }),
    },
  ],
}
