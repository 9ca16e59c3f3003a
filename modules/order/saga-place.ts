// An order with coupon or points, after its stock was reserved: take the coupon, take the points, confirm.
// Each step is natural under the order's id, so the caller and the sweeper may both run it, any number of
// times. What cannot be completed is turned round: see saga-undo.ts.

import { asStep, type Call, systemCall } from '../../platform/contract/call.ts'
import { catalogue, type RefusalCode } from '../../platform/contract/catalogue.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import type { Placed } from './decide-place.ts'
import { type OrderContext, submit } from './deps.ts'
import type { Place } from './requests.ts'
import { endSaga } from './saga-store.ts'
import { runUndo } from './saga-undo.ts'
import type { OrderTables } from './tables.ts'

export type PlaceSaga = Pick<Place, 'orderId' | 'memberId' | 'saga' | 'expectedTotal'>

export async function runPlaceSaga(
  context: OrderContext,
  call: Call,
  place: PlaceSaga,
): Promise<Result<Placed>> {
  const { orderId, memberId, saga } = place
  if (memberId === null || saga === null) throw new Error(`saga ${orderId} has no member`)
  const order = await stateOf(context, orderId)
  // Refused before and given back: a repeat hears the same.
  if (order.state === 'cancelled' && order.reason !== null && order.reason in catalogue) {
    return refuse(
      order.reason as RefusalCode,
      'This order was refused before, and what it held was given back.',
    )
  }
  const step = asStep(call)
  let discount = 0
  if (saga.couponId !== null) {
    const goodsTotal = order.goods_total
    const redeemed = await context.siblings.coupon.redeem(step, {
      orderId,
      memberId,
      couponId: saga.couponId,
      goodsTotal,
    })
    if (!redeemed.ok) return turnRound(context, place, redeemed)
    discount = redeemed.value.discount
  }
  if (saga.points > 0) {
    const spent = await context.siblings.point.spend(step, { orderId, memberId, points: saga.points })
    if (!spent.ok) return turnRound(context, place, spent)
  }
  const confirm = {
    kind: 'confirm',
    orderId,
    discount,
    points: saga.points,
    expectedTotal: place.expectedTotal,
  } as const
  const placed = await submit<Placed>(context, call, confirm)
  if (!placed.ok) return turnRound(context, place, placed)
  await endSaga(context.ledger, orderId, 'place')
  return placed
}

/** Passing trouble leaves the saga to the sweeper; a right "no" gives everything back now. */
const PASSING = new Set([
  'lock_timeout',
  'overloaded',
  'deadline_exceeded',
  'ledger_unavailable',
  'outcome_unknown',
  'service_unavailable',
  'shutting_down',
])

async function turnRound(context: OrderContext, place: PlaceSaga, refused: Refused): Promise<Refused> {
  if (PASSING.has(refused.refusal.code)) return refused
  const facts = await context.products.of(place.orderId)
  const call = systemCall(`saga-${place.orderId}`, context.clock())
  const dropped = await submit(context, call, {
    kind: 'drop',
    orderId: place.orderId,
    to: 'cancelled',
    reason: refused.refusal.code,
    parts: null,
    memberId: place.memberId,
    productIds: facts?.productIds ?? [],
  })
  if (dropped.ok) await runUndo(context, place.orderId)
  return refused
}

function stateOf(context: OrderContext, orderId: string) {
  return context.ledger
    .reads<OrderTables>()
    .selectFrom('orders')
    .select(['goods_total', 'state', 'reason'])
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow()
}
