// What the order module is given.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { BatchObserver, Combiner } from '../../platform/sql/combiner.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { OrderProducts } from './products-of-order.ts'
import type { OrderRequest } from './requests.ts'

export interface OrderSettings {
  readonly currency: string
  /** How long stock is held for an unpaid order, ms. */
  readonly paymentWindow: number
  /** How long a request waits for rows that somebody else holds, ms. */
  readonly lockWait: number
  /** Points earned, percent of the money paid. */
  readonly earnPercent: number
  /** Key of the secret links in mails to guests. */
  readonly linkKey: string
}

/** The steps of other modules that an order's sagas take; each is natural under the order's or refund's id. */
export interface OrderSiblings {
  readonly coupon: {
    redeem(
      call: Call,
      input: { orderId: string; memberId: string; couponId: string; goodsTotal: number },
    ): Promise<Result<{ discount: number }>>
    giveBack(call: Call, input: { orderId: string }): Promise<Result<unknown>>
  }
  readonly point: {
    spend(call: Call, input: { orderId: string; memberId: string; points: number }): Promise<Result<unknown>>
    returnSpent(
      call: Call,
      input: { orderId: string; memberId: string; cause: string; points: number },
    ): Promise<Result<unknown>>
    clawBack(
      call: Call,
      input: { orderId: string; memberId: string; cause: string; points: number; earned: number },
    ): Promise<Result<{ clawed: number; short: number }>>
  }
  readonly payment: {
    refundPayment(
      call: Call,
      input: { refundId: string; orderId: string; amount: number },
    ): Promise<Result<{ status: 'done' | 'pending' }>>
    settlePayment(call: Call, input: { paymentId: string }): Promise<Result<unknown>>
  }
}

export interface OrderDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly settings: OrderSettings
  readonly siblings: OrderSiblings
  readonly observe?: BatchObserver
}

/** What the operations share: the deps, the combiner, and the products of recent orders. */
export interface OrderContext extends OrderDeps {
  readonly combiner: Combiner<OrderRequest, unknown>
  readonly products: OrderProducts
}

/** Hands a request to the combiner; the request's kind decides the type of the answer. */
export function submit<Res>(context: OrderContext, call: Call, request: OrderRequest): Promise<Result<Res>> {
  return context.combiner.submit(call, request) as Promise<Result<Res>>
}
