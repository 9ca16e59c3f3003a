// POST /v1/orders/:orderId/cancellations. Stock goes back in the same commit; coupon and points by a saga.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { orderContract } from './contract.ts'
import type { Dropped } from './decide-drop.ts'
import { unknownOrder } from './decide-payment.ts'
import { type OrderContext, submit } from './deps.ts'
import { readOrder } from './get-order.ts'
import type { Part } from './requests.ts'
import { runUndo } from './saga-undo.ts'

export async function cancelOrder(
  context: OrderContext,
  call: Call,
  input: Input<typeof orderContract.cancelOrder>,
): Promise<Result<Output<typeof orderContract.cancelOrder>>> {
  const { orderId } = input
  const facts = await context.products.of(orderId)
  if (facts === null) return unknownOrder(orderId)
  const dropped = await submit<Dropped>(context, call, {
    kind: 'drop',
    orderId,
    to: 'cancelled',
    reason: input.reason ?? 'cancelled by the buyer',
    parts: (input.lines as readonly Part[] | undefined) ?? null,
    ...facts,
  })
  if (!dropped.ok) return dropped
  await runUndo(context, orderId)
  const order = await readOrder(context, orderId)
  return order === null ? unknownOrder(orderId) : { ok: true, value: order }
}
