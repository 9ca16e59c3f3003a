import { expect, it } from 'vitest'
import { orders } from './orders.ts'
import { attempt, call, found, type Sample, set } from './sample-history.ts'

it('passes a clean run', () => expect(found(orders, () => {})).toBe(''))

it('misses an acknowledged order', () => {
  expect(found(orders, run => void run.tables.orders!.shift())).toContain(
    'o-1: acknowledged, and not in the ledger',
  )
})

it('sees another total and other lines', () => {
  expect(found(orders, set('orders', { order_id: 'o-1' }, { total: 200 }))).toContain(
    'o-1: acknowledged with total 190, the ledger has 200',
  )
  expect(found(orders, set('order_lines', { order_id: 'o-1' }, { quantity: 3 }))).toContain(
    'o-1: ordered 2 × p, the ledger has 3 × p',
  )
})

it('sees an order that nobody asked for', () => {
  expect(found(orders, run => void run.tables.orders!.push({ order_id: 'o-9', state: 'placed' }))).toContain(
    'o-9: nobody asked for it',
  )
})

it('sees a repeat that was answered otherwise, or refused', () => {
  const again = (end: Parameters<typeof call>[4]) =>
    found(orders, run => {
      const first = attempt(run, 'placeOrder', 'ann')
      run.calls.push({ ...call('placeOrder', 'ann', 70, first.input, end), action: first.action })
    })
  expect(again({ value: { orderId: 'o-1', total: 190 } })).toBe('')
  expect(again({ value: { orderId: 'o-1', total: 191 } })).toContain('o-1: answered')
  expect(again({ result: 'refused', code: 'id_taken' })).toContain(
    'o-1: acknowledged, then refused (id_taken)',
  )
  expect(again({ result: 'refused', code: 'overloaded', later: true })).toBe('')
})

it('sees an order that stands although it was refused', () => {
  const text = found(orders, run => {
    attempt(run, 'placeOrder', 'ann').outcome = refused('out_of_stock', run)
  })
  expect(text).toContain('o-1: refused (out_of_stock), and paid in the ledger')
})

it('sees a cancellation that was acknowledged and did not happen', () => {
  expect(found(orders, set('orders', { order_id: 'o-2' }, { state: 'placed' }))).toContain(
    'o-2: cancelOrder was acknowledged, and it is placed',
  )
})

function refused(code: string, run: Sample) {
  const { id } = attempt(run, 'placeOrder', 'ann')
  return { type: 'outcome', id, t: 26, result: 'refused', code } as const
}
