import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Climb, PERMIT_MS, RELAPSE_MS, STAY_FIRST_MS, STAY_MOST_MS } from './climb.ts'

/** Through a trial on which nothing fails; when it was in. */
function recover(climb: Climb, from: number): number {
  let now = from
  const end = from + 2 * STAY_MOST_MS
  while (!climb.isDue(now) && now < end) now += 10
  climb.try(now)
  while (!climb.advance(now) && now < end) now += 10
  expect(climb.phase).toBe('in')
  return now
}

it('is out at once, and in again after its stay and a trial in steps', () => {
  const climb = new Climb(0)
  climb.down('it is refused', 0)
  expect([climb.phase, climb.cause, climb.isDue(STAY_FIRST_MS - 1)]).toEqual(['out', 'it is refused', false])
  expect(climb.isDue(STAY_FIRST_MS)).toBe(true)
  let now = STAY_FIRST_MS
  climb.try(now)
  expect(climb.advance(STAY_FIRST_MS)).toBe(false)
  for (; climb.phase === 'trial' && now < 10_000; now += 10) climb.advance(now)
  expect([climb.phase, now < 2_000]).toEqual(['in', true])
})

it('gives a trial few calls at first, then more, and never more at once than a handful', () => {
  const climb = new Climb(0)
  climb.down('x', 0)
  climb.try(300)
  const admitted = (random: () => number) =>
    Array.from({ length: 1_000 }, () => climb.permit(300, random())).filter(Boolean).length
  let roll = 0
  const evenly = () => (roll = (roll + 0.001) % 1)
  expect(admitted(evenly)).toBe(10) // bounded by those under way
  for (let i = 0; i < 10; i++) climb.ended(true, 310)
  expect(climb.permit(310, 0.5)).toBe(false)
  expect(climb.permit(310, 0.01)).toBe(true)
})

it('is out again when a call on trial fails, or does not end by its deadline', () => {
  const failing = new Climb(0)
  failing.down('x', 0)
  failing.try(300)
  expect(failing.permit(300, 0)).toBe(true)
  failing.ended(false, 301)
  expect(failing.phase).toBe('out')
  const hanging = new Climb(0)
  hanging.down('x', 0)
  hanging.try(300)
  expect(hanging.permit(300, 0)).toBe(true)
  hanging.advance(300 + PERMIT_MS)
  expect([hanging.phase, hanging.cause]).toEqual(['out', 'a call on trial did not end'])
})

it('stays out longer with each relapse, up to a bound, and is forgiven after a while', () => {
  const climb = new Climb(0)
  const stays: number[] = []
  let now = 0
  for (let i = 0; i < 20; i++) {
    climb.down('flapping', now)
    stays.push(climb.stay)
    now = recover(climb, now) + 100
  }
  expect(stays.slice(0, 4)).toEqual([250, 500, 1_000, 2_000])
  expect(Math.max(...stays)).toBe(STAY_MOST_MS)
  climb.down('once more, much later', now + RELAPSE_MS)
  expect(climb.stay).toBe(STAY_FIRST_MS)
})

it('is never stuck, whatever is done to it and however the clock jumps', () => {
  const step = fc.record({
    what: fc.constantFrom('down', 'try', 'permit', 'good', 'bad', 'advance', 'notReady'),
    later: fc.integer({ min: -7_200_000, max: 7_200_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const climb = new Climb(0)
      let now = 0
      for (const { what, later } of steps) {
        now += later
        if (what === 'down') climb.down('x', now)
        if (what === 'try' && climb.isDue(now)) climb.try(now)
        if (what === 'permit') climb.permit(now, 0)
        if (what === 'good' || what === 'bad') climb.ended(what === 'good', now)
        if (what === 'advance') climb.advance(now)
        if (what === 'notReady' && climb.phase === 'out') climb.notReady('x', now)
      }
      // From here on all is well: within its longest stay, a permit's life and a trial it is in.
      for (let waited = 0; climb.phase !== 'in' && waited < 2 * STAY_MOST_MS + 20_000; waited += 50) {
        now += 50
        if (climb.isDue(now)) climb.try(now)
        climb.advance(now)
      }
      expect(climb.phase).toBe('in')
    }),
  )
})
