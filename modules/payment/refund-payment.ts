// Money back, once per refund id: booked under the order's slot first, then asked of the provider.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { type PaymentContext, submit } from './deps.ts'
import type { PaymentRefundRow } from './tables.ts'

/** Pauses between attempts, ms: growing, ten minutes at most. */
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 600_000

export async function refundPayment(
  context: PaymentContext,
  call: Call,
  input: { refundId: string; orderId: string; amount: number },
): Promise<Result<{ status: 'done' | 'pending' }>> {
  const booked = await submit<PaymentRefundRow>(context, call, { kind: 'refund', ...input })
  if (!booked.ok) return booked
  if (booked.value.state === 'done') return { ok: true, value: { status: 'done' } }
  return sendRefund(context, call, booked.value)
}

/** Sends a booked refund to the provider, which knows it by its id: any number of times is once. */
export async function sendRefund(
  context: PaymentContext,
  call: Call,
  refund: PaymentRefundRow,
): Promise<Result<{ status: 'done' | 'pending' }>> {
  const { refund_id: refundId, order_id: orderId, payment_id: paymentId, amount } = refund
  let done = true
  try {
    await context.provider.refund({ refundId, paymentId, amount })
  } catch (error) {
    done = false
    context.log.warn({ err: error, refund: refundId }, 'the provider did not answer to a refund')
  }
  const nextAt = context.clock() + Math.min(FIRST_RETRY_MS * 2 ** refund.attempts, LAST_RETRY_MS)
  const settled = await submit<PaymentRefundRow>(context, call, {
    kind: 'refund-done',
    refundId,
    orderId,
    done,
    nextAt,
  })
  if (!settled.ok) return settled
  return { ok: true, value: { status: settled.value.state } }
}
