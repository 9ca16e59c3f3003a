import { expect, it } from 'vitest'
import { points } from './points.ts'
import { found, set } from './sample-history.ts'

it('passes a clean run', () => expect(found(points, () => {})).toBe(''))

it('sees a balance below zero, now or on the way', () => {
  expect(found(points, set('point_accounts', {}, { balance: -1 }))).toContain('ann: balance -1')
  expect(found(points, set('point_transactions', { kind: 'spend' }, { balance: -5 }))).toContain(
    's: left a balance of -5',
  )
})

it('sees a balance that its transactions do not explain', () => {
  expect(found(points, set('point_accounts', {}, { balance: 95 }))).toContain(
    'ann: balance 95, transactions add up to 91',
  )
})

it('sees entries that do not add up to zero', () => {
  expect(found(points, set('point_entries', { account_id: 'shop' }, { points: -99 }))).toContain(
    'g: its entries add up to 1',
  )
})

it('sees points that were spent twice, or not at all', () => {
  const again = { transaction_id: 's2', member_id: 'ann', kind: 'spend', points: -10, order_id: 'o-1' }
  expect(found(points, run => void run.tables.point_transactions!.push(again))).toContain(
    'o-1: points spent 2 times',
  )
  expect(found(points, run => void run.tables.point_transactions!.splice(1, 1))).toContain(
    'o-1: paid, 0 points are used, 10 should be',
  )
})

it('sees points of a dead order that never came back', () => {
  expect(found(points, set('orders', { order_id: 'o-1' }, { state: 'cancelled' }))).toContain(
    'o-1: cancelled, 10 points are used, 0 should be',
  )
})
