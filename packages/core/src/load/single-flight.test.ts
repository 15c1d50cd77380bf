import { gate } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { type Flight, SingleFlight } from './single-flight.ts'

/** A flight that lands when a test says so. */
function flying(flights: SingleFlight<string>, key = 'k', denied = false) {
  const landing = gate<string>()
  let flight: Flight | undefined
  const boarding = flights.board(key, denied, (begun) => {
    flight = begun
    return landing.load()
  })
  return { boarding, landing, flight: () => flight as Flight }
}

describe('a flight', () => {
  it('is led by the first, and joined by those who come before it lands', async () => {
    const flights = new SingleFlight<string>()
    const { boarding, landing } = flying(flights)
    const joined = flights.board('k', false, () => Promise.reject(new Error('led twice')))
    await landing.called

    landing.answer('value')

    expect([boarding.role, joined.role]).toEqual(['leader', 'joiner'])
    expect(await Promise.all([boarding.outcome, joined.outcome])).toEqual(['value', 'value'])
    expect(flights.has('k')).toBe(false)
  })

  it('begins a turn later, so that callers who were woken together board before its first moment', async () => {
    const flights = new SingleFlight<string>()
    const { landing, flight } = flying(flights)
    const joined = flights.board('k', false, () => Promise.reject(new Error('led twice')))

    await landing.called

    expect(joined).toMatchObject({ role: 'joiner', boarded: 0 })
    expect(flight().moment).toBe(0)
  })

  it('tells at which moment somebody joined, and whether anybody has since', async () => {
    const flights = new SingleFlight<string>()
    const { landing, flight } = flying(flights)
    await landing.called
    expect(flight().joinedSince(0)).toBe(false)
    flight().mark()

    const joined = flights.board('k', false, () => Promise.reject(new Error('led twice')))
    const later = flight().mark()

    expect(joined).toMatchObject({ role: 'joiner', boarded: 1 })
    expect([0, 1, later].map((moment) => flight().joinedSince(moment))).toEqual([true, true, false])
  })

  it('is not joined by those who were denied, once it has marked a moment', async () => {
    const flights = new SingleFlight<string>()
    const { landing, flight } = flying(flights)
    await landing.called
    expect(flights.board('k', true, () => Promise.reject(new Error('led twice'))).role).toBe('joiner')
    flight().mark()

    const next = flying(flights, 'k', true)

    expect(next.boarding.role).toBe('leader')
  })
})

describe.each<readonly [string, (flights: SingleFlight<string>) => void]>([
  ['forgotten', (flights) => flights.forget('k')],
  ['forgotten with all others', (flights) => flights.forgetAll()],
])('a flight that is %s', (_how, forget) => {
  it('is joined by nobody else, and lands for those who are aboard', async () => {
    const flights = new SingleFlight<string>()
    const old = flying(flights)
    const joined = flights.board('k', false, () => Promise.reject(new Error('led twice')))
    await old.landing.called

    forget(flights)
    const next = flying(flights)
    await next.landing.called
    old.landing.answer('old')
    next.landing.answer('new')

    expect(next.boarding.role).toBe('leader')
    expect(await Promise.all([old.boarding, joined, next.boarding].map(({ outcome }) => outcome))).toEqual([
      'old',
      'old',
      'new',
    ])
  })

  it('does not take out the one that has taken its place', async () => {
    const flights = new SingleFlight<string>()
    const old = flying(flights)
    await old.landing.called
    forget(flights)
    const next = flying(flights)

    old.landing.answer('old')
    await old.boarding.outcome

    expect(flights.has('k')).toBe(true)
    expect(flights.board('k', false, () => Promise.reject(new Error('led twice')))).toMatchObject({
      role: 'joiner',
      outcome: next.boarding.outcome,
    })
  })
})

it('forgetting one flight leaves the others, and forgetting all leaves none', async () => {
  const flights = new SingleFlight<string>()
  for (const key of ['a', 'b', 'c']) flying(flights, key)

  flights.forget('a')
  expect(['a', 'b', 'c'].map((key) => flights.has(key))).toEqual([false, true, true])

  flights.forgetAll()
  expect(['a', 'b', 'c'].map((key) => flights.has(key))).toEqual([false, false, false])
})
