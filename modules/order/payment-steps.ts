// What a payment asks of an order, and the safety net for a payment whose process died before it could ask.

import { asStep, type Call, systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { Consumer } from '../../platform/events/consumer.ts'
import { refusedEvent } from '../../platform/events/not-now.ts'
import { type Claimed, type StepDone, unknownOrder } from './decide-payment.ts'
import { type OrderContext, submit } from './deps.ts'

export function claimForPayment(
  context: OrderContext,
  call: Call,
  input: { orderId: string; paymentId: string },
): Promise<Result<Claimed>> {
  return submit(context, asStep(call), { kind: 'claim', ...input })
}

export function releasePayment(
  context: OrderContext,
  call: Call,
  input: { orderId: string; paymentId: string },
): Promise<Result<StepDone>> {
  return submit(context, asStep(call), { kind: 'release', ...input })
}

export async function markPaid(
  context: OrderContext,
  call: Call,
  input: { orderId: string; paymentId: string; paidAt: number },
): Promise<Result<StepDone>> {
  const facts = await context.products.of(input.orderId)
  if (facts === null) return unknownOrder(input.orderId)
  return submit(context, asStep(call), { kind: 'paid', ...input, productIds: facts.productIds })
}

/** A captured payment pays its order, whoever hears of it first; the second time changes nothing. */
export function capturedConsumer(context: OrderContext): Consumer {
  return {
    name: 'order.captured',
    types: ['payment.captured'],
    async handle(events) {
      const results = await Promise.all(
        events.map(async event => {
          const { orderId, paymentId, capturedAt } = event.payload as Record<string, string | number>
          const input = {
            orderId: orderId as string,
            paymentId: paymentId as string,
            paidAt: capturedAt as number,
          }
          const call = systemCall(`event-${event.key}`, context.clock())
          const paid = await markPaid(context, call, input)
          if (paid.ok || paid.refusal.code !== 'order_state') return paid
          // The order is over: the payment gives its money back, if the process that saw it has not.
          return context.siblings.payment.settlePayment(call, { paymentId: input.paymentId })
        }),
      )
      // Anything passing is tried again.
      const passing = results.find(result => !result.ok && !FINAL.has(result.refusal.code))
      if (passing !== undefined && !passing.ok) throw refusedEvent('not marked as paid yet', passing.refusal)
    },
  }
}

const FINAL = new Set(['order_state', 'not_found'])
