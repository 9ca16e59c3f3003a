import { expect, it } from 'vitest'
import { events } from './events.ts'
import { found, set } from './sample-history.ts'

it('passes a clean run', () => expect(found(events, () => {})).toBe(''))

it('sees a sale that the ranking counted twice, or never', () => {
  expect(found(events, set('bestseller_days', {}, { units: 4 }))).toContain(
    'p: 2 sold, the ranking counted 4',
  )
  expect(found(events, run => void run.tables.bestseller_days!.pop())).toContain(
    'p: 2 sold, the ranking counted 0',
  )
})

it('counts the generation that is read', () => {
  expect(found(events, set('bestseller_state', {}, { generation: 2 }))).toContain('counted 0')
})

it('sees points that were earned twice, never, or for nothing', () => {
  const earned = (order: string) => ({ transaction_id: 'x', kind: 'earn', points: 1, order_id: order })
  expect(found(events, run => void run.tables.point_transactions!.push(earned('o-1')))).toContain(
    'o-1: earned points 2 times, 1 is right',
  )
  expect(found(events, run => void run.tables.point_transactions!.pop())).toContain(
    'o-1: earned points 0 times, 1 is right',
  )
  expect(found(events, run => void run.tables.point_transactions!.push(earned('o-2')))).toContain(
    'o-2: earned points, and was never paid',
  )
})

it('sees an event that is left over', () => {
  const left = { event_key: 'o-1', version: 3, type: 'order.paid' }
  expect(found(events, run => void run.tables.outbox!.push(left))).toContain(
    'order.paid 3 of o-1 is left over',
  )
})
