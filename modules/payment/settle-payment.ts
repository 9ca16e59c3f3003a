// From the provider's answer to a settled payment and a paid order; and from a payment left behind to one that
// is finished or undone. Safe to run by anybody, any number of times: every move is compare-and-set.

import type { Call } from '../../platform/contract/call.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { type PaymentContext, submit } from './deps.ts'
import { CHECK_AFTER_MS } from './payment-book.ts'
import { isOpen } from './payment-states.ts'
import type { ProviderAnswer } from './provider.ts'
import type { MoveRequest } from './requests.ts'
import type { PaymentRow } from './tables.ts'

/** Pauses between looks at an unknown payment, ms: at once, then slower, a minute at most. */
const FIRST_CHECK_MS = 1_000
const LAST_CHECK_MS = 60_000
/** A payment that the provider has not heard of after this long never reached it, ms; providers promise a minute. */
export const NEVER_ARRIVED_MS = 120_000

export function move(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
  change: Pick<MoveRequest, 'to'> & Partial<Pick<MoveRequest, 'cause' | 'nextCheckAt'>>,
): Promise<Result<PaymentRow>> {
  return submit<PaymentRow>(context, call, {
    kind: 'move',
    paymentId: payment.payment_id,
    orderId: payment.order_id,
    cause: null,
    nextCheckAt: null,
    ...change,
  })
}

/** No answer: the payment stays open, its order stays claimed, the sweep asks. */
export function bookUnknown(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
): Promise<Result<PaymentRow>> {
  const pause = Math.min(FIRST_CHECK_MS * 2 ** payment.checks, LAST_CHECK_MS)
  return move(context, call, payment, { to: 'unknown', nextCheckAt: context.clock() + pause })
}

export async function bookAnswer(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
  answer: ProviderAnswer,
): Promise<Result<PaymentRow>> {
  switch (answer.state) {
    case 'captured':
      return captured(context, call, payment)
    case 'authorised':
      return capture(context, call, payment)
    case 'declined':
      return over(context, call, payment, 'declined', answer.cause ?? 'declined')
    case 'voided':
      return over(context, call, payment, 'voided', 'voided at the provider')
    case 'none':
      return neverArrived(context, call, payment)
  }
}

/** Booked as authorised first, so that whoever comes after a crash knows that money is held. */
async function capture(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
): Promise<Result<PaymentRow>> {
  const booked = await move(context, call, payment, {
    to: 'authorised',
    nextCheckAt: context.clock() + FIRST_CHECK_MS * 15,
  })
  if (!booked.ok || booked.value.state !== 'authorised') return booked
  try {
    const answer = await context.provider.capture(payment.payment_id)
    if (answer.state === 'captured') return captured(context, call, booked.value)
    if (answer.state === 'declined') return bookUnknown(context, call, booked.value)
    return over(context, call, booked.value, 'voided', `the provider says ${answer.state}`)
  } catch (error) {
    context.log.warn({ err: error, payment: payment.payment_id }, 'the provider did not answer to a capture')
    return bookUnknown(context, call, booked.value)
  }
}

/** The money is taken: book it in the order's one slot, then the order is paid. A dead order gives it back. */
async function captured(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
): Promise<Result<PaymentRow>> {
  const booked = await move(context, call, payment, { to: 'captured' })
  if (!booked.ok || booked.value.state !== 'captured') return booked
  const { payment_id: paymentId, order_id: orderId } = payment
  const paid = await context.order.markPaid(call, { orderId, paymentId, paidAt: context.clock() })
  if (paid.ok) return booked
  if (paid.refusal.code === 'order_state') {
    if (!(await voidAtProvider(context, paymentId))) {
      // The event of the capture comes here again (settleAnew), until the money is given back.
      return refuse('provider_unavailable', 'The order ended before its payment did; the money goes back.')
    }
    return move(context, call, booked.value, { to: 'voided', cause: 'the order was over' })
  }
  // Passing trouble: the event of the capture pays the order in a moment.
  context.log.warn({ payment: paymentId, code: paid.refusal.code }, 'captured, not marked as paid yet')
  return booked
}

/** Nothing was taken, or it went back: the order may be paid in another way. */
async function over(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
  to: 'declined' | 'voided',
  cause: string,
): Promise<Result<PaymentRow>> {
  // The order first: if this process dies in between, the sweep does both again.
  const { payment_id: paymentId, order_id: orderId } = payment
  const released = await context.order.releasePayment(call, { orderId, paymentId })
  if (!released.ok && released.refusal.code !== 'not_found' && released.refusal.code !== 'order_state')
    return released
  return move(context, call, payment, { to, cause })
}

/**
 * The provider has not heard of it. It is told that it must not come any more: a request that is still on its way
 * finds the void. Only after the order is let go, so that a capture in the same moment finds an order it cannot pay.
 */
async function neverArrived(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
): Promise<Result<PaymentRow>> {
  const { payment_id: paymentId, order_id: orderId } = payment
  const cause = 'never reached the provider'
  const released = await context.order.releasePayment(call, { orderId, paymentId })
  // Paid by this very payment meanwhile: it stands as captured, and that is the answer.
  if (!released.ok && released.refusal.code === 'order_state')
    return move(context, call, payment, { to: 'declined', cause })
  if (!released.ok && released.refusal.code !== 'not_found') return released
  if (!(await voidAtProvider(context, paymentId))) return bookUnknown(context, call, payment)
  return move(context, call, payment, { to: 'declined', cause })
}

/** False: no answer, so it may or may not be undone. */
async function voidAtProvider(context: PaymentContext, paymentId: string): Promise<boolean> {
  try {
    await context.provider.void(paymentId)
    return true
  } catch (error) {
    context.log.warn({ err: error, payment: paymentId }, 'the provider did not answer to a void')
    return false
  }
}

/** `settle`, and a captured payment is seen through to its end: its order is paid, or the money goes back. */
export function settleAnew(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
): Promise<Result<PaymentRow>> {
  return payment.state === 'captured' ? captured(context, call, payment) : settle(context, call, payment)
}

/** A repeat of an attempt that failed may have claimed the order for it once more: nothing else would let it go. */
async function ended(context: PaymentContext, call: Call, payment: PaymentRow): Promise<Result<PaymentRow>> {
  const { payment_id: paymentId, order_id: orderId, state } = payment
  if (state !== 'captured') {
    const released = await context.order.releasePayment(call, { orderId, paymentId })
    if (!released.ok && released.refusal.code !== 'not_found' && released.refusal.code !== 'order_state')
      return released
  }
  return { ok: true, value: payment }
}

/** A payment that was left behind: ask the provider, then book what it says. */
export async function settle(
  context: PaymentContext,
  call: Call,
  payment: PaymentRow,
): Promise<Result<PaymentRow>> {
  if (!isOpen(payment.state)) return ended(context, call, payment)
  let answer: ProviderAnswer
  try {
    answer = await context.provider.lookUp(payment.payment_id)
  } catch (error) {
    context.log.warn({ err: error, payment: payment.payment_id }, 'the provider cannot be asked')
    return bookUnknown(context, call, payment)
  }
  const age = context.clock() - payment.created_at
  // Its own process is about to ask the provider, unless it died: the sweep comes when that is certain.
  if (answer.state === 'none' && payment.state === 'created' && age < CHECK_AFTER_MS)
    return { ok: true, value: payment }
  // A late request may still be on its way to the provider: wait until none can be.
  if (answer.state === 'none' && payment.state !== 'created' && age < NEVER_ARRIVED_MS) {
    return bookUnknown(context, call, payment)
  }
  // Nothing is held, so there is nothing to hold the order for: whoever was told of the decline has it to use.
  if (answer.state === 'declined' || answer.state === 'voided')
    return bookAnswer(context, call, payment, answer)
  const claimed = await context.order.claimForPayment(call, {
    orderId: payment.order_id,
    paymentId: payment.payment_id,
  })
  if (!claimed.ok) {
    if (claimed.refusal.code !== 'order_state' && claimed.refusal.code !== 'not_found') return claimed
    if (!(await voidAtProvider(context, payment.payment_id))) return bookUnknown(context, call, payment)
    return move(context, call, payment, { to: 'voided', cause: 'the order was over' })
  }
  return bookAnswer(context, call, payment, answer)
}

export function unknownPayment(paymentId: string) {
  return refuse('not_found', `There is no payment ${paymentId}.`)
}
