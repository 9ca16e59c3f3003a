// POST /v1/orders/:orderId/payments. In its turn (lock.ts) the order is claimed first, then the attempt is booked, and only then the
// provider hears of it: whatever dies when, the sweep can finish or undo it (settle-payment.ts).

import { asStep, type Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import type { paymentContract } from './contract.ts'
import { type PaymentContext, submit } from './deps.ts'
import type { Taken } from './hold.ts'
import { PATIENCE_MS, Turn } from './lock.ts'
import { bookUnknown, type Settling } from './moves.ts'
import { someoneElse } from './payment-rows.ts'
import { isOpen } from './payment-states.ts'
import type { ProviderAnswer } from './provider.ts'
import { bookAnswer, settle } from './settle-payment.ts'
import type { PaymentRow } from './tables.ts'

/** Later than this after its claim a payment is not begun, ms: far below the payment window after which the order's sweep looks. */
const LATEST_CHARGE_MS = 10_000

/** Refusals after which there is no payment that holds the order under this id. */
const NOT_OPENED: ReadonlySet<string> = new Set(['id_taken', 'payment_open', 'payment_state'])

type PaymentView = Output<typeof paymentContract.payOrder>

export async function payOrder(
  context: PaymentContext,
  call: Call,
  input: Input<typeof paymentContract.payOrder>,
): Promise<Result<PaymentView>> {
  const { orderId, token } = input
  // The id follows from the key, so that a repeat finds the attempt and asks what became of it.
  const paymentId = input.paymentId ?? (call.idempotency ? `p-${call.idempotency.id}` : newId())
  const owner = call.principal.id
  const fingerprint = call.idempotency?.fingerprint ?? null
  const step = asStep(call)
  const turn = new Turn(context, step, orderId, paymentId)
  if (!(await turn.enter(PATIENCE_MS))) return someoneElse(orderId)
  try {
    const claimed = await context.order.claimForPayment(step, { orderId, paymentId })
    if (!claimed.ok) return claimed
    const { amount, currency } = claimed.value
    const claimedAt = context.clock()
    const { holder, until } = turn
    const opened = await submit<Taken>(context, step, {
      ...{ kind: 'open', paymentId, orderId, owner, token, amount, currency, fingerprint, holder, until },
    })
    if (!opened.ok) {
      // No payment was made under this id, so nothing would ever let the order go again.
      if (NOT_OPENED.has(opened.refusal.code))
        await context.order.releasePayment(step, { orderId, paymentId })
      return opened
    }
    turn.begin(opened.value)
    const settling = { context, call: step, turn }
    const booked = await chargeOrSettle(settling, opened.value, claimedAt)
    // Overtaken while it slept: what became of it is asked, in a turn of its own.
    if (!booked.ok && booked.refusal.code === 'payment_open' && turn.held) {
      turn.held = false
      const again = await turn.take(PATIENCE_MS)
      return answer(again.ok ? await settle(settling, again.value.payment) : again)
    }
    return answer(booked)
  } finally {
    await turn.end()
  }
}

async function chargeOrSettle(
  settling: Settling,
  opened: Taken,
  claimedAt: number,
): Promise<Result<PaymentRow>> {
  const { context, turn } = settling
  let { payment } = opened
  if (!opened.held && (isOpen(payment.state) || payment.state === 'voiding')) {
    // A repeat while the first is at work waits for it: it knows best what became of it.
    const taken = await turn.take(PATIENCE_MS)
    if (!taken.ok) return taken
    payment = taken.value.payment
  }
  // A repeat: captured before its process died, it still has to pay its order.
  if (payment.state !== 'created') return settle(settling, payment)
  // So late that the sweep may have let the order go: it settles this payment too.
  if (context.clock() - claimedAt > LATEST_CHARGE_MS) return settle(settling, payment)
  // Also for one whose process died before the provider heard of it, or after: under its id it is charged once.
  const { payment_id: paymentId, amount, currency, token } = payment
  const charged = await charge(context, { paymentId, amount, currency, token })
  return charged === null ? bookUnknown(settling, payment) : bookAnswer(settling, payment, charged)
}

/** Null: no answer, so nobody knows. Nothing to pay needs no provider. */
async function charge(
  context: PaymentContext,
  what: { paymentId: string; amount: number; currency: string; token: string },
): Promise<ProviderAnswer | null> {
  if (what.amount === 0) return { state: 'captured' }
  try {
    return await context.provider.authorise(what)
  } catch (error) {
    context.log.warn({ err: error, payment: what.paymentId }, 'the provider did not answer')
    return null
  }
}

function answer(result: Result<PaymentRow>): Result<PaymentView> {
  if (!result.ok) return result
  const row = result.value
  if (row.state === 'declined') return refuse('payment_declined', row.cause ?? 'The provider declined.')
  if (row.state === 'voided' || row.state === 'voiding')
    return refuse('order_state', 'The order ended before its payment did; nothing was kept.')
  return { ok: true, value: paymentView(row) }
}

export function paymentView(row: PaymentRow): PaymentView {
  const { payment_id: paymentId, order_id: orderId, state, amount, created_at: createdAt } = row
  return { paymentId, orderId, state, amount, createdAt }
}
