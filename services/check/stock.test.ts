import { expect, it } from 'vitest'
import { call, found, row, set } from './sample-history.ts'
import { stock } from './stock.ts'

it('passes a clean run', () => expect(found(stock, () => {})).toBe(''))

it('sees a unit that vanished', () => {
  expect(found(stock, set('stock', {}, { available: 7 }))).toContain(
    'p: 10 units came in, 9 are accounted for',
  )
})

it('sees more sold than there was', () => {
  const text = found(stock, set('stock', {}, { available: -2, sold: 12 }))
  expect(text).toContain('p: -2 available')
  expect(text).toContain('p: 12 sold of 10')
})

it('sees units held and sold that no order has', () => {
  const text = found(stock, set('stock', {}, { available: 6, reserved: 1, sold: 3 }))
  expect(text).toContain('p: 1 reserved, orders say 0')
  expect(text).toContain('p: 3 sold, orders say 2')
})

it('sees a delivery that counted twice', () => {
  const text = found(stock, set('stock', {}, { adjusted: 20, available: 18 }))
  expect(text).toContain('p: adjusted by 20, acknowledged 10')
})

it('lets a delivery count or not while nobody knows', () => {
  const unknown = { result: 'unknown', code: 'connection' } as const
  const text = found(stock, run => {
    run.calls.push(call('adjustStock', 'staff', 2, { productId: 'p', change: 5 }, unknown))
    Object.assign(row(run, 'stock', {}), { adjusted: 15, available: 13 })
  })
  expect(text).toBe('')
})
