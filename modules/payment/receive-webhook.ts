// POST /v1/webhooks/payments: signed by the provider; twice, late or out of order, it is only a hint to look.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { systemCall } from '../../platform/contract/call.ts'
import type { Input } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { paymentContract } from './contract.ts'
import type { PaymentContext } from './deps.ts'
import { PATIENCE_MS } from './lock.ts'
import { readPayment } from './read-payments.ts'
import { settleInTurn } from './settle-payment.ts'

/** How far a webhook's time may be from ours, s: clocks differ, retries are signed anew. */
const TOLERANCE_S = 300

export function webhookSignature(
  key: string,
  {
    timestamp,
    eventId,
    type,
    paymentId,
  }: { timestamp: number; eventId: string; type: string; paymentId: string },
): string {
  return createHmac('sha256', key).update(`${timestamp}.${eventId}.${type}.${paymentId}`).digest('hex')
}

export async function receiveWebhook(
  context: PaymentContext,
  input: Input<typeof paymentContract.receiveWebhook>,
): Promise<Result<{ received: boolean }>> {
  const now = context.clock()
  const expected = webhookSignature(context.settings.webhookKey, input)
  const right = timingSafeEqual(Buffer.from(expected), Buffer.from(input.signature))
  if (!right || Math.abs(now / 1000 - input.timestamp) > TOLERANCE_S) {
    return refuse('bad_signature', 'The signature does not fit, or the message is too old.')
  }
  const payment = await readPayment(context, input.paymentId)
  // Unknown here: not ours, or its booking was lost with a process; the sweep of its order finds that.
  if (payment === undefined) return { ok: true, value: { received: true } }
  const call = systemCall(`webhook-${input.eventId}`, now)
  // Whoever is at it just now finishes it, or leaves it to the sweep: the hint is not needed any more.
  await settleInTurn(context, call, payment, PATIENCE_MS)
  return { ok: true, value: { received: true } }
}
