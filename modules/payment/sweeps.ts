// Payments and refunds that were left behind: by a process that died, or by a provider that did not answer.

import { systemCall } from '../../platform/contract/call.ts'
import type { Sweep } from '../../platform/module.ts'
import type { PaymentContext } from './deps.ts'
import { sendRefund } from './refund-payment.ts'
import { settleInTurn } from './settle-payment.ts'
import type { PaymentTables } from './tables.ts'

/** Looked at in one run: each is a call to the provider, which limits us to some dozens a second. */
const BOUND = 32

export function paymentSweep(context: PaymentContext): Sweep {
  return {
    name: 'payment.open',
    every: 1_000,
    bound: BOUND,
    async run(now) {
      const due = await context.ledger
        .reads<PaymentTables>()
        .selectFrom('payments')
        .selectAll()
        .where('next_check_at', '<=', now)
        .orderBy('next_check_at')
        .limit(BOUND)
        .execute()
      await Promise.all(
        // Whoever is at it finishes it, or is found here the next time.
        due.map(payment =>
          settleInTurn(context, systemCall(`payment-${payment.payment_id}`, now), payment, 0),
        ),
      )
      return due.length
    },
  }
}

export function refundSweep(context: PaymentContext): Sweep {
  return {
    name: 'payment.refunds',
    every: 1_000,
    bound: BOUND,
    async run(now) {
      const due = await context.ledger
        .reads<PaymentTables>()
        .selectFrom('payment_refunds')
        .selectAll()
        .where('next_at', '<=', now)
        .orderBy('next_at')
        .limit(BOUND)
        .execute()
      await Promise.all(
        due.map(refund => sendRefund(context, systemCall(`refund-${refund.refund_id}`, now), refund)),
      )
      return due.length
    },
  }
}
