// The catalogue by pages, searched by words. Pages are cached as products are: a front page costs a query a second.

import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { productContract } from './contract.ts'
import type { PageView, ProductContext, ProductDeps, ShownPage } from './deps.ts'
import { searchWords } from './product.ts'
import { show } from './show-products.ts'
import { type PageKey, type PageQuery, productPage, productRows } from './store.ts'

const PAGE = 20

export async function listProducts(
  context: ProductContext,
  input: Input<typeof productContract.listProducts>,
): Promise<Result<PageView>> {
  const { order = 'id', limit = PAGE } = input
  const after = input.cursor === undefined ? null : pageKeyOf(order, input.cursor)
  if (after === undefined) return refuse('invalid_request', 'This cursor is none of ours.')
  const query: PageQuery = { words: searchWords(input.q), order, after, limit }
  const shown = await context.pages.get(JSON.stringify(query), context.clock())
  if (shown === undefined) throw new Error('a page was not loaded')
  return { ok: true, value: shown.view, json: shown.json }
}

/** What the cache loads: the key is the question. */
export async function loadPages(deps: ProductDeps, keys: readonly string[]): Promise<Map<string, ShownPage>> {
  const views = await Promise.all(keys.map(key => loadPage(deps, JSON.parse(key) as PageQuery)))
  return new Map(views.map((view, i) => [keys[i]!, { view, json: JSON.stringify(view) }]))
}

async function loadPage(deps: ProductDeps, query: PageQuery): Promise<PageView> {
  const asOf = await deps.ledger.currentTo(deps.clock())
  // One more than shown tells whether there is a next page.
  const found = await productPage(deps.ledger, { ...query, limit: query.limit + 1 })
  const keys = found.slice(0, query.limit)
  const rows = await productRows(
    deps.ledger,
    keys.map(key => key.product_id),
  )
  const byId = new Map(rows.map(row => [row.product_id, row]))
  const inOrder = keys.flatMap(key => byId.get(key.product_id) ?? [])
  const last = keys.at(-1)
  const more = found.length > keys.length && last !== undefined
  return {
    products: await show(deps, inOrder, asOf),
    nextCursor: more ? cursorOf(query.order, last) : null,
  }
}

function cursorOf(order: PageQuery['order'], last: PageKey): string {
  return encodeCursor(order === 'id' ? [last.product_id] : [last.name_search, last.product_id])
}

/** undefined: no cursor of this order. */
function pageKeyOf(order: PageQuery['order'], cursor: string): PageKey | undefined {
  const parts = decodeCursor(cursor, order === 'id' ? ['string'] : ['string', 'string'])
  if (parts === null) return undefined
  return { product_id: String(parts.at(-1)), name_search: order === 'id' ? '' : String(parts[0]) }
}
