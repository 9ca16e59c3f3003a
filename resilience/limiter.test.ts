import { expect, it } from 'vitest'
import { Limiter } from './limiter.ts'

const bounds = { least: 2, first: 8, most: 64 }

/** `count` rounds in which all that may are at it at once and take `ms`. */
function rounds(limiter: Limiter, count: number, ms: number | null, from: number): number {
  let now = from
  for (let round = 0; round < count; round++) {
    let entered = 0
    while (limiter.enter()) entered++
    now += 100
    for (let i = 0; i < entered; i++) limiter.leave(ms, now)
  }
  return now
}

it('lets more in while answers stay fast, and no more than its most', () => {
  const limiter = new Limiter(bounds)
  const now = rounds(limiter, 20, 5, 0)
  expect(limiter.most).toBeGreaterThan(8)
  rounds(limiter, 500, 5, now)
  expect(limiter.most).toBe(64)
})

it.each([
  ['times out', null],
  ['gets slow', 500],
] as const)('lets fewer in when it %s, down to what finds out, and recovers', (_, ms) => {
  const limiter = new Limiter(bounds)
  let now = rounds(limiter, 20, 5, 0)
  now = rounds(limiter, 30, ms, now)
  expect(limiter.most).toBe(2)
  rounds(limiter, 100, 5, now)
  expect(limiter.most).toBeGreaterThan(8)
})

it('does not grow while nobody comes', () => {
  const limiter = new Limiter(bounds)
  for (let i = 0; i < 1_000; i++) {
    limiter.enter()
    limiter.leave(5, i * 100)
  }
  expect(limiter.most).toBe(8)
})

it('turns away who comes too many, and has room again for each who leaves', () => {
  const limiter = new Limiter(bounds)
  const entered = Array.from({ length: 20 }, () => limiter.enter())
  expect(entered.filter(Boolean)).toHaveLength(8)
  limiter.leave(5, 0)
  expect(limiter.enter()).toBe(true)
})
