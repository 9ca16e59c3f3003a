// Products as they are shown: rows of the catalogue with the stock that the order module tells, from a cache.

import { systemCall } from '../../platform/contract/call.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { LedgerUnavailable } from '../../platform/sql/errors.ts'
import type { ProductContext, ProductDeps, ProductView, Shown } from './deps.ts'
import { productView } from './product.ts'
import { productRows } from './store.ts'
import type { ProductRow } from './tables.ts'

/** What the cache loads: many products by one query, their stock by another. */
export async function loadShown(deps: ProductDeps, ids: readonly string[]): Promise<Map<string, Shown>> {
  const asOf = await deps.ledger.currentTo(deps.clock())
  const views = await show(deps, await productRows(deps.ledger, ids), asOf)
  return new Map(views.map(view => [view.productId, { view, json: JSON.stringify(view) }]))
}

export async function show(
  deps: ProductDeps,
  rows: readonly ProductRow[],
  asOf: number,
): Promise<ProductView[]> {
  const available = await availableOf(
    deps,
    rows.map(row => row.product_id),
    asOf,
  )
  return rows.map(row => productView(row, deps.settings.currency, available.get(row.product_id) ?? 0, asOf))
}

/** Units available by product; one without stock of its own yet is missing. */
export async function availableOf(
  deps: Pick<ProductDeps, 'order'>,
  productIds: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const stock = await deps.order.stockOf(systemCall('stock-shown', now), { productIds: [...productIds] })
  // Unknown is not zero: without stock there is no answer.
  if (!stock.ok) throw new LedgerUnavailable(`stock cannot be read: ${stock.refusal.code}`)
  return new Map(stock.value.stock.map(each => [each.productId, each.available]))
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
