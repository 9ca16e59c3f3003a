// From the provider's answer to a settled payment and a paid order; and from a payment left behind to one that
// is finished or undone. Safe to run by anybody, any number of times: it goes by turns (lock.ts), and every move is
// compare-and-set with the fence of its turn.

import type { Call } from '../../platform/contract/call.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { PaymentContext } from './deps.ts'
import { inTurn } from './lock.ts'
import { bookUnknown, FIRST_CHECK_MS, move, type Settling } from './moves.ts'
import { CHECK_AFTER_MS } from './payment-book.ts'
import { isOpen } from './payment-states.ts'
import type { ProviderAnswer } from './provider.ts'
import type { PaymentRow } from './tables.ts'
import { giveBack, voidAtProvider } from './void-payment.ts'

/** A payment that the provider has not heard of after this long never reached it, ms; providers promise a minute. */
export const NEVER_ARRIVED_MS = 120_000

export async function bookAnswer(
  settling: Settling,
  payment: PaymentRow,
  answer: ProviderAnswer,
): Promise<Result<PaymentRow>> {
  switch (answer.state) {
    case 'captured':
      return captured(settling, payment)
    case 'authorised':
      return capture(settling, payment)
    case 'declined':
      return over(settling, payment, 'declined', answer.cause ?? 'declined')
    case 'voided':
      return over(settling, payment, 'voided', 'voided at the provider')
    case 'none':
      return neverArrived(settling, payment)
  }
}

/** Booked as authorised first, so that whoever comes after a crash knows that money is held. */
async function capture(settling: Settling, payment: PaymentRow): Promise<Result<PaymentRow>> {
  const { context } = settling
  const booked = await move(settling, payment, {
    to: 'authorised',
    nextCheckAt: context.clock() + FIRST_CHECK_MS * 15,
  })
  if (!booked.ok || booked.value.state !== 'authorised') return booked
  try {
    const answer = await context.provider.capture(payment.payment_id)
    if (answer.state === 'captured') return captured(settling, booked.value)
    if (answer.state === 'declined') return bookUnknown(settling, booked.value)
    return over(settling, booked.value, 'voided', `the provider says ${answer.state}`)
  } catch (error) {
    context.log.warn({ err: error, payment: payment.payment_id }, 'the provider did not answer to a capture')
    return bookUnknown(settling, booked.value)
  }
}

/** The money is taken: book it in the order's one slot, then the order is paid. A dead order gives it back. */
async function captured(settling: Settling, payment: PaymentRow): Promise<Result<PaymentRow>> {
  const { context, call } = settling
  const booked = await move(settling, payment, { to: 'captured' })
  if (!booked.ok || booked.value.state !== 'captured') return booked
  const { payment_id: paymentId, order_id: orderId } = payment
  const paid = await context.order.markPaid(call, { orderId, paymentId, paidAt: context.clock() })
  if (paid.ok) return booked
  // If that cannot be begun, the event of the capture comes here again (settleAnew).
  if (paid.refusal.code === 'order_state') return giveBack(settling, booked.value)
  // Passing trouble: the event of the capture pays the order in a moment.
  context.log.warn({ payment: paymentId, code: paid.refusal.code }, 'captured, not marked as paid yet')
  return booked
}

/** Nothing was taken, or it went back: the order may be paid in another way. */
async function over(
  settling: Settling,
  payment: PaymentRow,
  to: 'declined' | 'voided',
  cause: string,
): Promise<Result<PaymentRow>> {
  const free = await letOrderGo(settling, payment)
  if (!free.ok && free.refusal.code !== 'order_state') return free
  return move(settling, payment, { to, cause })
}

/** The order first: if this process dies in between, the sweep does both again. Refused too: not our turn any more. */
async function letOrderGo(
  { context, call, turn }: Settling,
  { payment_id: paymentId, order_id: orderId }: PaymentRow,
): Promise<Result<unknown>> {
  const ours = await turn.stillOurs()
  if (!ours.ok) return ours
  const released = await context.order.releasePayment(call, { orderId, paymentId })
  return !released.ok && released.refusal.code === 'not_found' ? { ok: true, value: null } : released
}

/**
 * The provider has not heard of it. It is told that it must not come any more: a request that is still on its way
 * finds the void. Only after the order is let go, so that a capture in the same moment finds an order it cannot pay.
 */
async function neverArrived(settling: Settling, payment: PaymentRow): Promise<Result<PaymentRow>> {
  const cause = 'never reached the provider'
  const free = await letOrderGo(settling, payment)
  // Paid by this very payment meanwhile: it stands as captured, and that is the answer.
  if (!free.ok && free.refusal.code === 'order_state')
    return move(settling, payment, { to: 'declined', cause })
  if (!free.ok) return free
  if (!(await voidAtProvider(settling.context, payment.payment_id))) return bookUnknown(settling, payment)
  return move(settling, payment, { to: 'declined', cause })
}

/**
 * A payment that was left behind, when it is its turn. One that is captured is seen through to its end: its order is paid, or
 * the money goes back.
 */
export function settleInTurn(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
  patience: number,
): Promise<Result<PaymentRow>> {
  return inTurn(context, call, payment, patience, (turn, fresh) => settle({ context, call, turn }, fresh))
}

export function settle(settling: Settling, payment: PaymentRow): Promise<Result<PaymentRow>> {
  if (payment.state === 'captured') return captured(settling, payment)
  if (payment.state === 'voiding') return giveBack(settling, payment)
  return isOpen(payment.state) ? ask(settling, payment) : ended(settling, payment)
}

/** A repeat of an attempt that failed may have claimed the order for it once more: nothing else would let it go. */
async function ended({ context, call }: Settling, payment: PaymentRow): Promise<Result<PaymentRow>> {
  const { payment_id: paymentId, order_id: orderId } = payment
  const released = await context.order.releasePayment(call, { orderId, paymentId })
  if (!released.ok && released.refusal.code !== 'not_found' && released.refusal.code !== 'order_state')
    return released
  return { ok: true, value: payment }
}

/** Asks the provider, then books what it says. */
async function ask(settling: Settling, payment: PaymentRow): Promise<Result<PaymentRow>> {
  const { context, call } = settling
  let answer: ProviderAnswer
  try {
    answer = await context.provider.lookUp(payment.payment_id)
  } catch (error) {
    context.log.warn({ err: error, payment: payment.payment_id }, 'the provider cannot be asked')
    return bookUnknown(settling, payment)
  }
  const age = context.clock() - payment.created_at
  // Its own process is about to ask the provider, unless it died: the sweep comes when that is certain.
  if (answer.state === 'none' && payment.state === 'created' && age < CHECK_AFTER_MS)
    return { ok: true, value: payment }
  // A late request may still be on its way to the provider: wait until none can be.
  if (answer.state === 'none' && payment.state !== 'created' && age < NEVER_ARRIVED_MS)
    return bookUnknown(settling, payment)
  // Nothing is held, so there is nothing to hold the order for: whoever was told of the decline has it to use.
  if (answer.state === 'declined' || answer.state === 'voided') return bookAnswer(settling, payment, answer)
  const { payment_id: paymentId, order_id: orderId } = payment
  const claimed = await context.order.claimForPayment(call, { orderId, paymentId })
  if (claimed.ok) return bookAnswer(settling, payment, answer)
  if (claimed.refusal.code !== 'order_state' && claimed.refusal.code !== 'not_found') return claimed
  // An order that is over stays so.
  const ours = await settling.turn.stillOurs()
  if (!ours.ok) return ours
  if (!(await voidAtProvider(context, paymentId))) return bookUnknown(settling, payment)
  return move(settling, payment, { to: 'voided', cause: 'the order was over' })
}

export function unknownPayment(paymentId: string) {
  return refuse('not_found', `There is no payment ${paymentId}.`)
}
