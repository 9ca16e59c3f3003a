import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocate, leftOf, refundOf, shareOfUnits } from './allocation.ts'

const weights = fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { minLength: 1, maxLength: 20 })

describe('allocate', () => {
  it('adds up to the amount, and no share exceeds its weight', () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (lines, part) => {
        const sum = lines.reduce((a, b) => a + b, 0)
        const amount = Math.floor(sum * part)
        const shares = allocate(amount, lines)
        expect(shares.reduce((a, b) => a + b, 0)).toBe(sum === 0 ? 0 : amount)
        for (const [i, share] of shares.entries()) {
          expect(share).toBeGreaterThanOrEqual(0)
          expect(share).toBeLessThanOrEqual(lines[i]!)
        }
      }),
    )
  })

  it('gives the odd unit to the largest remainder, the earlier line first', () => {
    expect(allocate(100, [1, 1, 1])).toEqual([34, 33, 33])
    expect(allocate(10, [999, 1])).toEqual([10, 0])
    expect(allocate(1, [1, 2])).toEqual([0, 1])
  })
})

describe('shares of units', () => {
  it('add up whichever way the units are taken', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000_000_000 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
        (total, steps) => {
          const of = steps.reduce((a, b) => a + b, 0)
          let from = 0
          let sum = 0
          for (const step of steps) {
            sum += shareOfUnits(total, of, from, from + step)
            from += step
          }
          expect(sum).toBe(total)
        },
      ),
    )
  })
})

describe('refunds of a line', () => {
  const line = fc.record({
    quantity: fc.integer({ min: 1, max: 100 }),
    unit_price: fc.integer({ min: 0, max: 1_000_000 }),
    discountPart: fc.double({ min: 0, max: 1, noNaN: true }),
    pointsPart: fc.double({ min: 0, max: 1, noNaN: true }),
    cancelledPart: fc.double({ min: 0, max: 0.99, noNaN: true }),
  })

  it('give back exactly what was paid, however they are split', () => {
    fc.assert(
      fc.property(line, fc.array(fc.integer({ min: 1, max: 10 }), { maxLength: 30 }), (given, steps) => {
        const goods = given.quantity * given.unit_price
        const discount = Math.floor(goods * given.discountPart)
        const points = Math.floor((goods - discount) * given.pointsPart)
        const cancelled = Math.floor(given.quantity * given.cancelledPart)
        const row = { ...given, discount, points, cancelled, refunded: 0 }
        const paid = leftOf(row)
        expect(paid.net).toBeGreaterThanOrEqual(0)
        let value = 0
        let back = 0
        for (const step of [...steps, given.quantity]) {
          const quantity = Math.min(step, paid.units - row.refunded)
          const share = refundOf(row, quantity)
          expect(share.value).toBeGreaterThanOrEqual(0)
          value += share.value
          back += share.points
          row.refunded += quantity
        }
        expect(value).toBe(paid.net)
        expect(back).toBe(paid.points)
      }),
    )
  })
})
