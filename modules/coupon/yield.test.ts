import { expect, it } from 'vitest'
import { Yield } from './yield.ts'

it('rests while claims come and there is no time left, twice as long as it worked, within a bound', () => {
  let atWork = 1
  const accepting = new Yield(() => atWork)
  expect(accepting.restAfter(10)).toBe(0)
  accepting.noteClaim()
  expect(accepting.restAfter(10)).toBe(20)
  expect(accepting.restAfter(10)).toBe(0)
  accepting.noteClaim()
  expect(accepting.restAfter(1_000)).toBe(200)
  accepting.noteClaim()
  atWork = 0.8
  expect(accepting.restAfter(10)).toBe(0)
})

it('sees how busy the loop is by itself', () => {
  const accepting = new Yield()
  accepting.noteClaim()
  const until = performance.now() + 20
  while (performance.now() < until);
  expect(accepting.restAfter(10)).toBeGreaterThanOrEqual(0)
})
