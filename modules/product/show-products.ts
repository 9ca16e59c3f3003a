// Products as they are shown: rows of the catalogue with the stock that the order module tells.

import { systemCall } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { productContract } from './contract.ts'
import type { ProductContext, ProductDeps, ProductView, Shown } from './deps.ts'
import { productView, searchWords } from './product.ts'
import { productPage, productRows } from './store.ts'
import type { ProductRow } from './tables.ts'

/** What the cache loads: many products by one query, their stock by another. */
export async function loadShown(deps: ProductDeps, ids: readonly string[]): Promise<Map<string, Shown>> {
  const asOf = deps.clock()
  const views = await show(deps, await productRows(deps.ledger, ids), asOf)
  return new Map(views.map(view => [view.productId, { view, json: JSON.stringify(view) }]))
}

async function show(deps: ProductDeps, rows: readonly ProductRow[], asOf: number): Promise<ProductView[]> {
  const productIds = rows.map(row => row.product_id)
  const stock = await deps.order.stockOf(systemCall('stock-shown', asOf), { productIds })
  // Unknown is not zero: without stock there is no answer.
  if (!stock.ok) throw new Error(`stock cannot be read: ${stock.refusal.code}`)
  const available = new Map(stock.value.stock.map(each => [each.productId, each.available]))
  return rows.map(row => productView(row, deps.settings.currency, available.get(row.product_id) ?? 0, asOf))
}

export function getProduct(context: ProductContext, productId: string): Promise<Result<ProductView>> {
  const now = context.clock()
  const known = context.cache.peek(productId, now)
  if (known !== null) return Promise.resolve(answer(productId, known.value))
  return context.cache.get(productId, now).then(shown => answer(productId, shown))
}

function answer(productId: string, shown: Shown | undefined): Result<ProductView> {
  if (shown === undefined) return refuse('product_unknown', `There is no product ${productId}.`)
  return { ok: true, value: shown.view, json: shown.json }
}

const PAGE = 20

export async function listProducts(
  context: ProductContext,
  input: Input<typeof productContract.listProducts>,
): Promise<Result<Output<typeof productContract.listProducts>>> {
  const limit = input.limit ?? PAGE
  const cursor = input.cursor === undefined ? undefined : decodeCursor(input.cursor, ['string', 'string'])
  if (cursor === null) return refuse('invalid_request', 'This cursor is none of ours.')
  const asOf = context.clock()
  const rows = await productPage(context.ledger, {
    words: searchWords(input.q),
    order: input.order ?? 'id',
    after: cursor === undefined ? null : { name: cursor[0] as string, id: cursor[1] as string },
    limit: limit + 1,
  })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const nextCursor =
    rows.length > limit && last !== undefined ? encodeCursor([last.name_search, last.product_id]) : null
  return { ok: true, value: { products: await show(context, page, asOf), nextCursor } }
}
