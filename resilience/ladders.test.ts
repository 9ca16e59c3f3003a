import { expect, test } from 'vitest'
import { chooseRung, type Ladder, ladders } from './ladders.ts'

const names = Object.keys(ladders) as Ladder[]

test('the best rung whose engine is there', () => {
  expect(chooseRung('coupon.claim', 'best', new Set(['redis', 'kafka']))).toBe('kafka')
  expect(chooseRung('coupon.claim', 'best', new Set(['redis']))).toBe('redis')
  expect(chooseRung('event.publish', 'best', new Set(['redis']))).toBe('direct')
})

test.each(names)('%s: its last rung needs no engine', name => {
  expect(chooseRung(name, 'best', new Set())).toBe(ladders[name].at(-1))
})

test('a wanted rung is taken, and one whose engine is missing is refused', () => {
  expect(chooseRung('coupon.claim', 'sql', new Set(['redis', 'kafka']))).toBe('sql')
  expect(chooseRung('coupon.claim', 'kafka', new Set(['redis']))).toBeNull()
})
