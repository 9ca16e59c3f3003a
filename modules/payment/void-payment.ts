// Money that was taken for an order that is over goes back. `voiding` is booked before the provider hears of it: from
// then on nobody marks the order as paid with this payment, and only then it is asked once more whether somebody had.

import { type Result, refuse } from '../../platform/contract/result.ts'
import type { PaymentContext } from './deps.ts'
import { move, nextCheck, type Settling } from './moves.ts'
import type { PaymentRow } from './tables.ts'

/** Others who want this payment are done in a moment, or the event of the capture comes back, ms. */
const PATIENCE_MS = 100

export async function giveBack(settling: Settling, payment: PaymentRow): Promise<Result<PaymentRow>> {
  const { context, call, turn } = settling
  let row = payment
  // The capture let the slot go: somebody may be at this payment by now.
  if (!turn.held) {
    const taken = await turn.take(PATIENCE_MS)
    if (!taken.ok) return taken
    row = taken.value.payment
  }
  if (row.state !== 'captured' && row.state !== 'voiding') return { ok: true, value: row }
  const booked = await move(settling, row, { to: 'voiding', nextCheckAt: nextCheck(settling, row) })
  if (!booked.ok || booked.value.state !== 'voiding') return booked
  const { payment_id: paymentId, order_id: orderId } = payment
  const paid = await context.order.markPaid(call, { orderId, paymentId, paidAt: context.clock() })
  // Claimed once more in between by a repeat of this payment, and paid by it: the money stays.
  if (paid.ok) return move(settling, booked.value, { to: 'captured' })
  if (paid.refusal.code !== 'order_state' && paid.refusal.code !== 'not_found') return paid
  if (!(await voidAtProvider(context, paymentId))) {
    // The sweep comes here again, until the money is given back.
    return refuse('provider_unavailable', 'The order ended before its payment did; the money goes back.')
  }
  return move(settling, booked.value, { to: 'voided', cause: 'the order was over' })
}

/** False: no answer, so it may or may not be undone. */
export async function voidAtProvider(context: PaymentContext, paymentId: string): Promise<boolean> {
  try {
    await context.provider.void(paymentId)
    return true
  } catch (error) {
    context.log.warn({ err: error, payment: paymentId }, 'the provider did not answer to a void')
    return false
  }
}
