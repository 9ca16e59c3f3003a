// GET /v1/orders: a history, newest first, by pages.

import { type Call, isStaff } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { orderContract } from './contract.ts'
import { placedView } from './decide-place.ts'
import type { OrderContext } from './deps.ts'
import type { OrderTables } from './tables.ts'

const PAGE = 20

export async function listOrders(
  context: OrderContext,
  call: Call,
  input: Input<typeof orderContract.listOrders>,
): Promise<Result<Output<typeof orderContract.listOrders>>> {
  const { principal } = call
  const owner = input.owner ?? (isStaff(principal) ? null : principal.id)
  if (owner !== principal.id && !isStaff(principal))
    return refuse('forbidden', 'Only staff may read others’ orders.')
  const limit = input.limit ?? PAGE
  // By owner along the history index; all owners along the primary key, whose ids grow with time.
  let query = context.ledger
    .reads<OrderTables>()
    .selectFrom('orders')
    .selectAll()
    .limit(limit + 1)
  if (owner !== null) query = query.where('owner', '=', owner).orderBy('placed_at', 'desc')
  query = query.orderBy('order_id', 'desc')
  if (input.state !== undefined) query = query.where('state', '=', input.state)
  if (input.from !== undefined) query = query.where('placed_at', '>=', input.from)
  if (input.to !== undefined) query = query.where('placed_at', '<', input.to)
  if (input.cursor !== undefined) {
    const cursor = decodeCursor(input.cursor, ['number', 'string'])
    if (cursor === null) return refuse('invalid_request', 'This cursor is none of ours.')
    const [placedAt, orderId] = cursor as [number, string]
    query =
      owner === null
        ? query.where('order_id', '<', orderId)
        : query.where(e =>
            e.or([
              e('placed_at', '<', placedAt),
              e.and([e('placed_at', '=', placedAt), e('order_id', '<', orderId)]),
            ]),
          )
  }
  const rows = await query.execute()
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const more = rows.length > limit && last !== undefined
  type View = Output<typeof orderContract.listOrders>['orders'][number]
  return {
    ok: true,
    value: {
      orders: page.map(row => placedView(row, context.settings.currency) as View),
      nextCursor: more ? encodeCursor([last.placed_at, last.order_id]) : null,
    },
  }
}
