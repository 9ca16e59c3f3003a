import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgreedTime } from './agreed-time.ts'

const HOUR = 3_600_000
/** Epoch ms when the count was 0. */
const START = 1_800_000_000_000

/** A process that runs since a while and has heard the ledger, `skew` ms ahead of the machine. */
function running(skew = 0): AgreedTime {
  const time = new AgreedTime()
  expect(time.now(START, 0)).toBe(START)
  time.heard(START + 10 + skew, 9, 11)
  expect(time.now(START + 20, 20)).toBe(START + 20)
  return time
}

test.each([HOUR, -HOUR])('a machine whose clock is set by %i ms does not move it', step => {
  const time = running()
  expect(time.now(START + step + 30, 30)).toBe(START + 30)
  // Nor in the long run, whether or not the ledger is heard.
  expect(time.now(START + step + 10 * HOUR, 10 * HOUR)).toBe(START + 10 * HOUR)
  time.heard(START + 11 * HOUR, 11 * HOUR, 11 * HOUR)
  expect(time.now(START + step + 11 * HOUR, 11 * HOUR)).toBe(START + 11 * HOUR)
})

test.each([HOUR, -HOUR])('nor does a ledger whose clock is set by %i ms', step => {
  const time = running()
  time.heard(START + step + 30, 30, 30)
  expect(time.now(START + 40, 40)).toBe(START + 40)
})

test('a machine that was wrong when it started is believed once it agrees with the ledger', () => {
  const time = running(-HOUR)
  expect(time.now(START - HOUR + 30, 30)).toBe(START - HOUR + 30)
})

test('a machine that slept for an hour is late until the ledger is heard, and no longer', () => {
  const time = running()
  time.now(START + HOUR + 30, 30)
  time.heard(START + HOUR + 40, 40, 40)
  expect(time.now(START + HOUR + 50, 50)).toBe(START + HOUR + 50)
})

test('without a ledger that has a clock the machine is believed', () => {
  const time = new AgreedTime()
  time.now(START, 0)
  expect(time.now(START + HOUR, 10)).toBe(START + HOUR)
})

test('an answer that was long under way moves nothing that the others agree on', () => {
  const time = running()
  time.heard(START + 30, 30, 4_030)
  expect(time.now(START + 4_040, 4_040)).toBe(START + 4_040)
})

test('whatever one of the three says, it is never further off than the two others', () => {
  const small = fc.integer({ min: -5, max: 5 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer(), small, fc.boolean()), { maxLength: 50 }), steps => {
      const time = running()
      for (const [i, [wild, jitter, machineIsWild]] of steps.entries()) {
        const count = 100 + i
        const right = START + count
        time.heard(machineIsWild ? right + jitter : right + wild, count, count)
        const shown = time.now(machineIsWild ? right + wild : right + jitter, count)
        expect(Math.abs(shown - right)).toBeLessThanOrEqual(5)
      }
    }),
  )
})
