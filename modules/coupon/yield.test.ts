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

it('sees by itself when the loop has no time left', () => {
  const accepting = new Yield()
  accepting.noteClaim()
  const until = performance.now() + 400
  while (performance.now() < until);
  expect(accepting.restAfter(10)).toBe(20)
})
