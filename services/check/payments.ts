import type { History, Row } from './history.ts'
import { byKey, callsOf, count, type Finding, isOk, type Rule, rows, sums, text } from './rule.ts'

/** Tables of the ledger as the run collects them, and the provider's accounts. */
export const payments: Rule = {
  name: 'payments',
  proves:
    'at most one capture an order, for its total; paid only if captured; refunds within it; the provider has the same; an acknowledged payment is captured',
  check(history): Finding {
    const slots = byKey(rows(history, 'payment_slots'), 'order_id')
    const orders = byKey(rows(history, 'orders'), 'order_id')
    const violations = [
      ...captures(history, orders),
      ...slotsAndOrders(slots, orders),
      ...refunds(history, slots),
      ...provider(history, slots),
      ...acknowledged(history, slots, orders),
    ]
    return { checked: slots.size, violations }
  },
}

const TAKEN = new Set(['captured', 'voiding'])
const PAID = new Set(['paid', 'refunded'])

function captures(history: History, orders: ReadonlyMap<string, Row>): string[] {
  const taken = rows(history, 'payments').filter(row => TAKEN.has(text(row, 'state')))
  return [...Map.groupBy(taken, row => text(row, 'order_id'))].flatMap(([id, all]) => [
    ...(all.length > 1 ? [`${id}: captured ${all.length} times`] : []),
    ...all
      .filter(row => orders.has(id) && count(row, 'amount') !== count(orders.get(id)!, 'total'))
      .map(row => `${id}: ${row.amount} captured, its total is ${orders.get(id)!.total}`),
  ])
}

function slotsAndOrders(slots: ReadonlyMap<string, Row>, orders: ReadonlyMap<string, Row>): string[] {
  return [...orders].flatMap(([id, order]) => {
    const captured = count(slots.get(id) ?? {}, 'captured')
    const [state, total] = [text(order, 'state'), count(order, 'total')]
    if (PAID.has(state))
      return captured === total ? [] : [`${id}: ${state} with total ${total}, captured ${captured}`]
    return captured === 0 ? [] : [`${id}: ${state}, and ${captured} are captured`]
  })
}

function refunds(history: History, slots: ReadonlyMap<string, Row>): string[] {
  const done = sums(
    rows(history, 'payment_refunds').filter(row => text(row, 'state') === 'done'),
    row => text(row, 'order_id'),
    row => count(row, 'amount'),
  )
  return [...slots].flatMap(([id, slot]) => {
    const [captured, refunded] = [count(slot, 'captured'), count(slot, 'refunded')]
    return [
      ...(refunded > captured ? [`${id}: ${refunded} refunded of ${captured}`] : []),
      ...(refunded === (done.get(id) ?? 0)
        ? []
        : [`${id}: ${refunded} refunded, refunds add up to ${done.get(id) ?? 0}`]),
    ]
  })
}

/** What the provider holds for the shop, by order; absent where its books are not known. */
function provider(history: History, slots: ReadonlyMap<string, Row>): string[] {
  const accounts = history.tables.get('provider')
  if (accounts === undefined) return []
  const orderOf = new Map(
    rows(history, 'payments').map(row => [text(row, 'payment_id'), text(row, 'order_id')]),
  )
  const kept = accounts.map(row => ({
    id: orderOf.get(text(row, 'payment_id')) ?? `payment ${row.payment_id} of no order`,
    money:
      count(row, 'captured') === 0
        ? 0
        : count(row, 'captured') - count(row, 'refunded') - count(row, 'voided'),
  }))
  const held = sums(
    kept,
    ({ id }) => id,
    ({ money }) => money,
  )
  return [...new Set([...held.keys(), ...slots.keys()])].flatMap(id => {
    const slot = slots.get(id) ?? {}
    const booked = count(slot, 'captured') - count(slot, 'refunded')
    const there = held.get(id) ?? 0
    return booked === there ? [] : [`${id}: ${booked} in the books, the provider has ${there}`]
  })
}

function acknowledged(
  history: History,
  slots: ReadonlyMap<string, Row>,
  orders: ReadonlyMap<string, Row>,
): string[] {
  const told = callsOf(history, 'payOrder').filter(
    call => isOk(call) && call.outcome?.value?.state === 'captured',
  )
  return [...new Set(told.map(({ input }) => String(input.orderId)))].flatMap(id => {
    const state = text(orders.get(id) ?? {}, 'state')
    return PAID.has(state) && slots.has(id)
      ? []
      : [`${id}: payment acknowledged, and it is ${state || 'gone'}`]
  })
}
