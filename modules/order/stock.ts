// Stock as people and siblings read and edit it.

import type { Call } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { orderContract } from './contract.ts'
import { type OrderContext, submit } from './deps.ts'
import type { OrderTables, StockRow } from './tables.ts'

type StockView = Output<typeof orderContract.getStock>

export async function adjustStock(
  context: OrderContext,
  call: Call,
  input: Input<typeof orderContract.adjustStock>,
): Promise<Result<StockView>> {
  const { productId, change, reason } = input
  const request = { kind: 'adjust', productId, change, reason, version: input.version ?? null } as const
  const adjusted = await submit<StockRow>(context, call, request)
  // A repeat's first answer is the row as it was stored.
  return adjusted.ok ? { ok: true, value: stockView(adjusted.value) } : adjusted
}

export async function getStock(
  context: OrderContext,
  input: Input<typeof orderContract.getStock>,
): Promise<Result<StockView>> {
  const row = await context.ledger
    .reads<OrderTables>()
    .selectFrom('stock')
    .selectAll()
    .where('product_id', '=', input.productId)
    .executeTakeFirst()
  return row === undefined ? unknownProduct(input.productId) : { ok: true, value: stockView(row) }
}

export async function stockOf(
  context: OrderContext,
  input: Input<typeof orderContract.stockOf>,
): Promise<Result<Output<typeof orderContract.stockOf>>> {
  if (input.productIds.length === 0) return { ok: true, value: { stock: [] } }
  const rows = await context.ledger
    .reads<OrderTables>()
    .selectFrom('stock')
    .select(['product_id', 'available'])
    .where('product_id', 'in', input.productIds)
    .execute()
  return {
    ok: true,
    value: { stock: rows.map(row => ({ productId: row.product_id, available: row.available })) },
  }
}

const JOURNAL_PAGE = 20

export async function stockJournal(
  context: OrderContext,
  input: Input<typeof orderContract.stockJournal>,
): Promise<Result<Output<typeof orderContract.stockJournal>>> {
  const { productId } = input
  const limit = input.limit ?? JOURNAL_PAGE
  let query = context.ledger
    .reads<OrderTables>()
    .selectFrom('stock_journal')
    .selectAll()
    .where('product_id', '=', productId)
    .orderBy('version', 'desc')
    .limit(limit + 1)
  if (input.cursor !== undefined) {
    const cursor = decodeCursor(input.cursor, ['number'])
    if (cursor === null) return refuse('invalid_request', 'This cursor is none of ours.')
    query = query.where('version', '<', cursor[0] as number)
  }
  const rows = await query.execute()
  if (rows.length === 0) {
    const known = await getStock(context, { productId })
    if (!known.ok) return known
  }
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    ok: true,
    value: {
      changes: page.map(({ version, kind, quantity, order_id, reason, actor, at }) => {
        return { version, kind, quantity, orderId: order_id, reason, actor, at }
      }),
      nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.version]) : null,
    },
  }
}

function stockView(row: StockRow): StockView {
  const { initial, adjusted, available, reserved, sold, returned, version } = row
  return { productId: row.product_id, initial, adjusted, available, reserved, sold, returned, version }
}

function unknownProduct(productId: string) {
  return refuse('product_unknown', `There is no product ${productId}.`)
}
