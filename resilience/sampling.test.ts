import { expect, it } from 'vitest'
import { Sampling } from './sampling.ts'
import { DIFFERENCES_MOST, Differences, judgeDifference } from './shadow.ts'

it('takes its share of the calls, and no more than so many a second', () => {
  const sampling = new Sampling(0.01, 5)
  let taken = 0
  for (let i = 0; i < 10_000; i++) if (sampling.takes((i % 100) / 100, i)) taken++
  expect(taken).toBe(50)
})

it('goes on when the clock is set back', () => {
  const sampling = new Sampling(1, 5)
  expect(sampling.takes(0, 3_600_000)).toBe(true)
  expect(sampling.takes(0, 0)).toBe(true)
})

it('a rung that says something else differs only if the ledger said the same all the time', () => {
  expect(judgeDifference({ ledger: 'a' }, { ledger: 'a', rung: 'b' })).toBe('differs')
  expect(judgeDifference({ ledger: 'a' }, { ledger: 'c', rung: 'b' })).toBe('moving')
  expect(judgeDifference({ ledger: 'a' }, { ledger: 'c', rung: 'c' })).toBe('same')
})

it('several differences within a while are one too many, single ones are not', () => {
  const differences = new Differences()
  const seen = Array.from({ length: DIFFERENCES_MOST }, (_, i) => differences.note(i * 1_000))
  expect(seen).toEqual([false, false, true])
  const rare = new Differences()
  expect([0, 1, 2, 3, 4].map(i => rare.note(i * 61_000))).toEqual([false, false, false, false, false])
})
