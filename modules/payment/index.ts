// The payment module: attempts, the one capture of an order, refunds of its money.

import { asStep } from '../../platform/contract/call.ts'
import { onRung } from '../../platform/ladders/standing.ts'
import type { Module } from '../../platform/module.ts'
import { Combiner } from '../../platform/sql/combiner.ts'
import { combinerLimits } from '../../platform/sql/combiner-limits.ts'
import type { Rungs } from '../../resilience/ladders.ts'
import type { paymentContract } from './contract.ts'
import type { PaymentContext, PaymentDeps } from './deps.ts'
import { type LockGate, PATIENCE_MS, type Turn } from './lock.ts'
import { paymentView, payOrder } from './pay-order.ts'
import { paymentFamily } from './payment-family.ts'
import { listPayments, readPayment } from './read-payments.ts'
import { receiveWebhook } from './receive-webhook.ts'
import { refundPayment } from './refund-payment.ts'
import { redisRung } from './rung-redis.ts'
import { sqlRung } from './rung-sql.ts'
import { settleInTurn, unknownPayment } from './settle-payment.ts'
import { paymentSweep, refundSweep } from './sweeps.ts'

export type { PaymentProvider } from './provider.ts'
export { sandboxHttp } from './sandbox-http.ts'
export { sandboxInProcess } from './sandbox-in-process.ts'
export { paymentSchema } from './tables.ts'

export function createPayment(deps: PaymentDeps): Module<typeof paymentContract> {
  const limits = combinerLimits(deps.settings.lockWait)
  const sql = sqlRung()
  const { redis, prefixes } = deps
  const shared = redis && redisRung(redis, prefixes.redisPrefix)
  const rungs: Rungs<'payment.lock', LockGate> = {
    redis: shared,
    sql,
  }
  const standing = deps.ladders.of('payment.lock')
  const turns = new Set<Turn>()
  if (shared !== null) standing.whenBack('redis', () => shared.restore([...turns].filter(turn => turn.held)))
  const context: PaymentContext = {
    ...deps,
    turns,
    gate: () => onRung(rungs, standing.choose()),
    combiner: new Combiner(deps.ledger, paymentFamily(), limits, deps.observe, deps.clock),
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
        const settled = await settleInTurn(context, asStep(call), payment, PATIENCE_MS)
        return settled.ok ? { ok: true, value: paymentView(settled.value) } : settled
      },
    },
    consumers: [],
    sweeps: [paymentSweep(context), refundSweep(context)],
    drain: () => context.combiner.drained(),
  }
}
