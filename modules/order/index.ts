// The order module: orders, their stock, and the sagas that span coupon, points and payment.

import type { Module } from '../../platform/module.ts'
import { Combiner } from '../../platform/sql/combiner.ts'
import { combinerLimits } from '../../platform/sql/combiner-limits.ts'
import { cancelOrder } from './cancel-order.ts'
import type { orderContract } from './contract.ts'
import type { OrderContext, OrderDeps } from './deps.ts'
import { getOrder } from './get-order.ts'
import { listOrders } from './list-orders.ts'
import { offerConsumer, openStock } from './offers.ts'
import { orderFamily, orderMemory } from './order-book.ts'
import { paidLines } from './paid-lines.ts'
import { capturedConsumer, claimForPayment, markPaid, releasePayment } from './payment-steps.ts'
import { placeOrder } from './place-order.ts'
import { OrderProducts } from './products-of-order.ts'
import { refundOrder } from './refund-order.ts'
import { adjustStock, getStock, stockJournal, stockOf } from './stock.ts'
import { expirySweep, sagaSweep } from './sweeps.ts'

export { linkSecret } from './get-order.ts'
export { orderSchema } from './tables.ts'

export function createOrder(deps: OrderDeps): Module<typeof orderContract> {
  const { ledger, settings } = deps
  const limits = combinerLimits(settings.lockWait)
  const memory = orderMemory(settings)
  const context: OrderContext = {
    ...deps,
    combiner: new Combiner(ledger, orderFamily(settings, memory), limits, deps.observe, deps.clock),
    products: new OrderProducts(ledger, orderId => memory.facts(orderId)),
  }
  return {
    door: {
      placeOrder: (call, input) => placeOrder(context, call, input),
      getOrder: (call, input) => getOrder(context, call, input),
      listOrders: (call, input) => listOrders(context, call, input),
      cancelOrder: (call, input) => cancelOrder(context, call, input),
      refundOrder: (call, input) => refundOrder(context, call, input),
      adjustStock: (call, input) => adjustStock(context, call, input),
      getStock: (_call, input) => getStock(context, input),
      stockJournal: (_call, input) => stockJournal(context, input),
      openStock: (_call, input) => openStock(context, input),
      stockOf: (_call, input) => stockOf(context, input),
      claimForPayment: (call, input) => claimForPayment(context, call, input),
      releasePayment: (call, input) => releasePayment(context, call, input),
      markPaid: (call, input) => markPaid(context, call, input),
      paidLines: (_call, input) => paidLines(context, input),
    },
    consumers: [offerConsumer(ledger), capturedConsumer(context)],
    sweeps: [expirySweep(context), sagaSweep(context)],
    drain: () => context.combiner.drained(),
  }
}
