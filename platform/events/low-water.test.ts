import { expect, test } from 'vitest'
import { GIVEN_MS, LowWater } from './low-water.ts'

const MINUTE = 60_000
/** Past the first reset, which comes with the first look. */
function started(): LowWater {
  const water = new LowWater()
  expect(water.candidate(0)).toBeNull()
  return water
}

test('only a number seen long enough ago may become the low water', () => {
  const water = started()
  water.saw(10, 1_000)
  water.saw(20, 3_000)
  expect(water.candidate(1_000 + GIVEN_MS - 1)).toBeNull()
  expect(water.candidate(2_000 + GIVEN_MS)).toBe(10)
  expect(water.value).toBe(0)
  water.raise(10)
  expect(water.value).toBe(10)
  expect(water.candidate(3_000 + GIVEN_MS)).toBe(20)
})

test('a lock in the way holds it, and the same number is tried again', () => {
  const water = started()
  water.saw(10, 1_000)
  expect(water.candidate(10_000)).toBe(10)
  expect(water.candidate(10_500)).toBeNull() // once a second
  expect(water.candidate(11_000)).toBe(10)
  water.raise(4)
  expect(water.value).toBe(4)
  expect(water.candidate(12_000)).toBe(10)
})

test('lower numbers seen later do not lower what is known', () => {
  const water = started()
  water.saw(10, 1_000)
  water.saw(5, 2_000)
  expect(water.candidate(20_000)).toBe(10)
})

test('it falls back once a minute, as a net below its assumption', () => {
  const water = started()
  water.saw(10, 1_000)
  expect(water.candidate(10_000)).toBe(10)
  water.raise(10)
  expect(water.candidate(MINUTE)).toBe(10)
  expect(water.value).toBe(0)
})
