import { expect, test } from 'vitest'
import { engineOf, type Ladder, ladders, rungsFrom } from './ladders.ts'

const names = Object.keys(ladders) as Ladder[]

test('from the best rung down, those whose engines are there', () => {
  expect(rungsFrom('coupon.claim', 'best', new Set(['redis', 'kafka']))).toEqual(['kafka', 'redis', 'sql'])
  expect(rungsFrom('coupon.claim', 'best', new Set(['redis']))).toEqual(['redis', 'sql'])
  expect(rungsFrom('coupon.claim', 'best', new Set(['kafka']))).toEqual(['kafka', 'sql'])
  expect(rungsFrom('event.publish', 'best', new Set(['redis']))).toEqual(['direct'])
})

test.each(names)('%s: its last rung needs no engine', name => {
  expect(engineOf(ladders[name].at(-1)!)).toBeNull()
  expect(rungsFrom(name, 'best', new Set())!.at(-1)).toBe(ladders[name].at(-1))
})

test('from a wanted rung down, and one whose engine is missing is refused', () => {
  expect(rungsFrom('coupon.claim', 'sql', new Set(['redis', 'kafka']))).toEqual(['sql'])
  expect(rungsFrom('coupon.claim', 'redis', new Set(['redis', 'kafka']))).toEqual(['redis', 'sql'])
  expect(rungsFrom('coupon.claim', 'kafka', new Set(['redis']))).toBeNull()
})
