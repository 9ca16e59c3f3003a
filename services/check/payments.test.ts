import { expect, it } from 'vitest'
import { payments } from './payments.ts'
import { found, row, set } from './sample-history.ts'

it('passes a clean run', () => expect(found(payments, () => {})).toBe(''))

it('sees a second capture, in the ledger and at the provider', () => {
  const second = { payment_id: 'p-2', order_id: 'o-1', state: 'captured', amount: 190 }
  const text = found(payments, run => {
    run.tables.payments!.push(second)
    run.tables.provider!.push({ payment_id: 'p-2', captured: 190, voided: 0, refunded: 0 })
  })
  expect(text).toContain('o-1: captured 2 times')
  expect(text).toContain('o-1: 190 in the books, the provider has 380')
})

it('sees a capture for another sum', () => {
  expect(found(payments, set('payments', {}, { amount: 200 }))).toContain(
    'o-1: 200 captured, its total is 190',
  )
})

it('sees an order that is paid without money, and money without a paid order', () => {
  expect(found(payments, set('payment_slots', {}, { captured: 0 }))).toContain(
    'o-1: paid with total 190, captured 0',
  )
  expect(found(payments, set('orders', { order_id: 'o-1' }, { state: 'expired' }))).toContain(
    'o-1: expired, and 190 are captured',
  )
})

it('sees more given back than was taken, and refunds that are not booked', () => {
  const text = found(payments, set('payment_slots', {}, { refunded: 200 }))
  expect(text).toContain('o-1: 200 refunded of 190')
  expect(text).toContain('o-1: 200 refunded, refunds add up to 0')
})

it('sees an acknowledged payment that is gone', () => {
  const text = found(payments, run => {
    row(run, 'orders', { order_id: 'o-1' }).state = 'placed'
    run.tables.payments = []
    run.tables.payment_slots = []
    run.tables.provider = []
  })
  expect(text).toContain('o-1: payment acknowledged, and it is placed')
})
