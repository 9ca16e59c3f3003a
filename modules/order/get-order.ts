// GET /v1/orders/:orderId: for its owner, staff, the channel that brought it, or the secret of the mail's link.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Call, maySee } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { orderContract } from './contract.ts'
import { unknownOrder } from './decide-payment.ts'
import type { OrderContext } from './deps.ts'
import type { LineRow, OrderRow, OrderTables } from './tables.ts'

type OrderView = Output<typeof orderContract.getOrder>

export async function getOrder(
  context: OrderContext,
  call: Call,
  input: Input<typeof orderContract.getOrder>,
): Promise<Result<OrderView>> {
  const { orderId, secret } = input
  const order = await orderRow(context, orderId)
  if (order === undefined) return unknownOrder(orderId)
  const linked = secret !== undefined && equal(secret, linkSecret(context.settings.linkKey, orderId))
  if (!linked && !maySee(call.principal, order.owner, order.channel_id)) return unknownOrder(orderId)
  return { ok: true, value: orderView(order, await lineRows(context, orderId), context.settings.currency) }
}

/** The secret of the link to one order: derived, so that it is stored nowhere. 32 characters. */
export function linkSecret(key: string, orderId: string): string {
  return createHmac('sha256', key).update(orderId).digest('base64url').slice(0, 32)
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

export async function readOrder(context: OrderContext, orderId: string): Promise<OrderView | null> {
  const order = await orderRow(context, orderId)
  return order === undefined
    ? null
    : orderView(order, await lineRows(context, orderId), context.settings.currency)
}

function orderRow(context: OrderContext, orderId: string): Promise<OrderRow | undefined> {
  const db = context.ledger.reads<OrderTables>()
  return db.selectFrom('orders').selectAll().where('order_id', '=', orderId).executeTakeFirst()
}

function lineRows(context: OrderContext, orderId: string): Promise<LineRow[]> {
  const db = context.ledger.reads<OrderTables>()
  return db.selectFrom('order_lines').selectAll().where('order_id', '=', orderId).orderBy('line_no').execute()
}

function orderView(order: OrderRow, lines: readonly LineRow[], currency: string): OrderView {
  return {
    orderId: order.order_id,
    state: order.state as OrderView['state'],
    version: order.version,
    currency,
    goodsTotal: order.goods_total,
    discount: order.discount,
    points: order.points,
    total: order.total,
    refundedTotal: order.refunded_total,
    country: order.country,
    couponId: order.coupon_id,
    placedAt: order.placed_at,
    expiresAt: order.expires_at,
    reason: order.reason,
    lines: lines.map(line => ({
      lineNo: line.line_no,
      productId: line.product_id,
      quantity: line.quantity,
      unitPrice: line.unit_price,
      discount: line.discount,
      points: line.points,
      cancelled: line.cancelled,
      refunded: line.refunded,
    })),
  }
}
