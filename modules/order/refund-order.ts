// POST /v1/orders/:orderId/refunds. Decided once under the order's lock; then points, money and coupon follow
// by a saga under the refund's id.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import type { orderContract } from './contract.ts'
import { unknownOrder } from './decide-payment.ts'
import { type OrderContext, submit } from './deps.ts'
import type { Part } from './requests.ts'
import { runRefundSaga } from './saga-refund.ts'
import type { OrderTables, RefundRow } from './tables.ts'

type RefundView = Output<typeof orderContract.refundOrder>

export async function refundOrder(
  context: OrderContext,
  call: Call,
  input: Input<typeof orderContract.refundOrder>,
): Promise<Result<RefundView>> {
  if (input.businessTime !== undefined && call.principal.channelId === null) {
    return refuse('forbidden', 'Only a sales channel may state business times.')
  }
  const facts = await context.products.of(input.orderId)
  if (facts === null) return unknownOrder(input.orderId)
  // The refund's id follows from the key, so that a repeat finds what the first attempt began.
  const refundId = input.refundId ?? (call.idempotency ? `r-${call.idempotency.id}` : newId())
  const decided = await submit<RefundRow>(context, call, {
    kind: 'refund',
    orderId: input.orderId,
    refundId,
    parts: (input.lines as readonly Part[] | undefined) ?? null,
    restock: input.restock ?? true,
    reason: input.reason ?? null,
    businessTime: input.businessTime ?? null,
    ...facts,
  })
  if (!decided.ok) return decided
  // The first answer of a key is the refund as it was decided; what matters is how it stands now.
  const refund = await readRefund(context, refundId)
  const settled = refund.state === 'done' ? refund : await runRefundSaga(context, call, refund)
  return { ok: true, value: refundView(settled) }
}

function readRefund(context: OrderContext, refundId: string): Promise<RefundRow> {
  const db = context.ledger.reads<OrderTables>()
  return db
    .selectFrom('order_refunds')
    .selectAll()
    .where('refund_id', '=', refundId)
    .executeTakeFirstOrThrow()
}

export function refundView(row: Readonly<RefundRow>): RefundView {
  return {
    refundId: row.refund_id,
    orderId: row.order_id,
    state: row.state === 'done' ? 'done' : 'pending',
    amount: row.amount,
    points: row.points,
    clawedBack: row.clawed,
    lines: JSON.parse(row.parts) as RefundView['lines'],
  }
}
