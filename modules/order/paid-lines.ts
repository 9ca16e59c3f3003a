// All paid orders in pages: the source from which the ranking can be rebuilt at any time.

import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { orderContract } from './contract.ts'
import type { OrderContext } from './deps.ts'
import type { LineRow, OrderTables } from './tables.ts'

const PAGE = 500

export async function paidLines(
  context: OrderContext,
  input: Input<typeof orderContract.paidLines>,
): Promise<Result<Output<typeof orderContract.paidLines>>> {
  const limit = input.limit ?? PAGE
  const after = input.cursor === undefined ? [''] : decodeCursor(input.cursor, ['string'])
  if (after === null) return refuse('invalid_request', 'This cursor is none of ours.')
  // One snapshot: the lines must be those of the version that is told.
  const { orders, lines } = await context.ledger.snapshot<
    OrderTables,
    { orders: PaidOrder[]; lines: LineRow[] }
  >(async tx => {
    const orders = await tx
      .selectFrom('orders')
      .select(['order_id', 'version', 'placed_at', 'country'])
      .where('order_id', '>', after[0] as string)
      .where('state', 'in', ['paid', 'refunded'])
      .orderBy('order_id')
      .limit(limit)
      .execute()
    const ids = orders.map(order => order.order_id)
    const lines =
      ids.length === 0
        ? []
        : await tx.selectFrom('order_lines').selectAll().where('order_id', 'in', ids).execute()
    return { orders, lines }
  })
  const byOrder = new Map<string, LineRow[]>(orders.map(order => [order.order_id, []]))
  for (const line of lines) byOrder.get(line.order_id)?.push(line)
  const last = orders.at(-1)
  return {
    ok: true,
    value: {
      orders: orders.map(order => ({
        orderId: order.order_id,
        version: order.version,
        businessTime: order.placed_at,
        country: order.country,
        lines: (byOrder.get(order.order_id) ?? []).map(contribution).filter(line => line.quantity > 0),
      })),
      nextCursor: orders.length === limit && last !== undefined ? encodeCursor([last.order_id]) : null,
    },
  }
}

interface PaidOrder {
  order_id: string
  version: number
  placed_at: number
  country: string | null
}

function contribution(line: LineRow) {
  const quantity = line.quantity - line.cancelled
  return {
    productId: line.product_id,
    quantity,
    revenue: quantity * line.unit_price,
    refundedQuantity: line.refunded,
    refundedRevenue: line.refunded * line.unit_price,
  }
}
