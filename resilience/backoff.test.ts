import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fullJitter } from './backoff.ts'

const backoff = fc.record({
  first: fc.integer({ min: 1, max: 1_000 }),
  most: fc.integer({ min: 1, max: 60_000 }),
})
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a pause is never negative and never above its bound, however often it failed', () => {
  fc.assert(
    fc.property(backoff, fc.integer({ min: 1, max: 5_000 }), random, (bounds, attempt, roll) => {
      const pause = fullJitter(bounds, attempt, roll)
      expect(pause).toBeGreaterThanOrEqual(0)
      expect(pause).toBeLessThanOrEqual(bounds.most)
    }),
  )
})

test('the bound doubles with each attempt until the most', () => {
  const bounds = { first: 10, most: 100 }
  expect([1, 2, 3, 4, 5, 6].map(attempt => fullJitter(bounds, attempt, 0.5))).toEqual([5, 10, 20, 40, 50, 50])
})
