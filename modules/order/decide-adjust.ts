// Stock edits by people: with a reason, never below zero.

import type { Call } from '../../platform/contract/call.ts'
import { refuse } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import type { Book } from './book.ts'
import type { Adjust } from './requests.ts'
import type { StockRow } from './tables.ts'

export function decideAdjust(
  book: Book,
  request: Adjust,
  call: Call,
  retried: boolean,
): Outcome<Readonly<StockRow>> {
  const { productId, change } = request
  const stock = book.stockRow(productId)
  if (stock === undefined) {
    if (book.why('stock', productId, retried) === 'locked') return 'parked'
    return { result: refuse('product_unknown', `There is no product ${productId}.`) }
  }
  if (request.version !== null && request.version !== stock.version) {
    const detail = `Stock of ${productId} is at version ${stock.version}.`
    return { result: refuse('version_conflict', detail, { fields: { version: stock.version } }) }
  }
  if (stock.available + change < 0) {
    const detail = `${stock.available} of ${productId} are available.`
    return { result: refuse('stock_below_zero', detail, { fields: { available: stock.available } }) }
  }
  book.moveStock(productId, 'adjust', change, {
    orderId: null,
    reason: request.reason,
    actor: call.principal.id,
  })
  return {
    result: { ok: true, value: { ...stock } },
    audit: { subject: productId, detail: { change, reason: request.reason } },
  }
}
