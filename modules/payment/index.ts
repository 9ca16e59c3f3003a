// The payment module: attempts, the one capture of an order, refunds of its money.

import { asStep } from '../../platform/contract/call.ts'
import type { Module } from '../../platform/module.ts'
import { Combiner } from '../../platform/sql/combiner.ts'
import { combinerLimits } from '../../platform/sql/combiner-limits.ts'
import type { paymentContract } from './contract.ts'
import type { PaymentContext, PaymentDeps } from './deps.ts'
import { paymentView, payOrder } from './pay-order.ts'
import { paymentFamily } from './payment-family.ts'
import { listPayments, readPayment } from './read-payments.ts'
import { receiveWebhook } from './receive-webhook.ts'
import { refundPayment } from './refund-payment.ts'
import { settleAnew, unknownPayment } from './settle-payment.ts'
import { paymentSweep, refundSweep } from './sweeps.ts'

export type { PaymentProvider } from './provider.ts'
export { sandboxHttp } from './sandbox-http.ts'
export { sandboxInProcess } from './sandbox-in-process.ts'
export { paymentSchema } from './tables.ts'

export function createPayment(deps: PaymentDeps): Module<typeof paymentContract> {
  const limits = combinerLimits(deps.settings.lockWait)
  const context: PaymentContext = {
    ...deps,
    combiner: new Combiner(deps.ledger, paymentFamily(), limits, deps.observe),
  }
  return {
    door: {
      payOrder: (call, input) => payOrder(context, call, input),
      listPayments: (call, input) => listPayments(context, call, input),
      receiveWebhook: (_call, input) => receiveWebhook(context, input),
      refundPayment: (call, input) => refundPayment(context, asStep(call), input),
      async settlePayment(call, { paymentId }) {
        const payment = await readPayment(context, paymentId)
        if (payment === undefined) return unknownPayment(paymentId)
        const settled = await settleAnew(context, asStep(call), payment)
        return settled.ok ? { ok: true, value: paymentView(settled.value) } : settled
      },
    },
    consumers: [],
    sweeps: [paymentSweep(context), refundSweep(context)],
    drain: () => context.combiner.drained(),
  }
}
