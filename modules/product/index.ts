// The product module: the catalogue, shown from a cache that never answers older than declared.

import { localCounts } from '../../platform/cache/cache-counts.ts'
import { OLD } from '../../platform/cache/old.ts'
import { ReadCache } from '../../platform/cache/read-cache.ts'
import { askBy } from '../../platform/ladders/standing.ts'
import type { Module } from '../../platform/module.ts'
import type { Rungs } from '../../resilience/ladders.ts'
import type { productContract } from './contract.ts'
import type { CacheRung, ProductContext, ProductDeps, Shown, ShownPage } from './deps.ts'
import { createProduct, editProduct } from './edit-products.ts'
import { importProducts } from './import-products.ts'
import { listProducts, loadPages } from './list-products.ts'
import { localRung } from './rung-local.ts'
import { BELIEVED_PART, redisRung } from './rung-redis.ts'
import { shadowProducts } from './shadow-products.ts'
import { getProduct } from './show-products.ts'
import { productRows } from './store.ts'

export { productSchema } from './tables.ts'

/** Where it comes older than declared, from a replica, it is read anew so often. */
const LATE_PART = 0.25
/** Refreshed in the background from half the declared staleness on. */
const FRESH_PART = 0.5
/** "No such product" is believed for this long, ms: a mistyped id costs one look a second. */
const NEGATIVE_MS = 1_000
/** Products in memory, about 500 bytes each. */
const PRODUCTS_MOST = 50_000
/** Pages in memory, up to 60 kB each: the first pages of what people look for just now. */
const PAGES_MOST = 300

export function createProductModule(
  deps: ProductDeps,
): Module<typeof productContract> & { cache: ReadCache<Shown> } {
  const { staleness } = deps.settings
  const times = {
    freshFor: staleness * FRESH_PART,
    staleness,
    lateFor: staleness * LATE_PART,
    negativeFor: NEGATIVE_MS,
    old: OLD,
  }
  const shared = deps.redis === null ? null : redisRung(deps, deps.redis, ids => drop(ids))
  const local = localRung(deps)
  const rungs: Rungs<'product.cache', CacheRung> = { redis: shared, local }
  const standing = deps.ladders.of('product.cache')
  const shadow = shared && shadowProducts({ ...deps, standing }, shared, local)
  const cache = new ReadCache<Shown>({
    ...times,
    async load(ids) {
      const found = await askBy(standing, rungs, rung => rung.load(ids))
      shadow?.look(ids[0]!)
      return found
    },
    asOf: shown => shown.view.asOf,
    olderBy: staleness * BELIEVED_PART,
    most: PRODUCTS_MOST,
  })
  const pages = new ReadCache<ShownPage>({ ...times, load: keys => loadPages(deps, keys), most: PAGES_MOST })
  const drop = (productIds: readonly string[]): void => {
    for (const productId of productIds) cache.invalidate(productId)
    pages.clear()
  }
  const context: ProductContext = {
    ...deps,
    cache,
    pages,
    forget(productIds) {
      drop(productIds)
      // Whatever this process reads from: others may read from Redis.
      shared?.changed(productIds)
    },
  }
  return {
    cache,
    door: {
      listProducts: (_call, input) => listProducts(context, input),
      getProduct: (_call, { productId }) => getProduct(context, productId),
      createProduct: (call, input) => createProduct(context, call, input),
      editProduct: (call, input) => editProduct(context, call, input),
      importProducts: (call, input) => importProducts(context, call, input),
      async namesOf(_call, { productIds }) {
        const rows = await productRows(deps.ledger, productIds)
        return {
          ok: true,
          value: { names: rows.map(row => ({ productId: row.product_id, name: row.name })) },
        }
      },
    },
    consumers: [
      {
        name: 'product.cache',
        types: ['product.changed'],
        // Caches only: a repeat costs a read.
        handle: async events => context.forget(events.map(event => event.key)),
      },
    ],
    sweeps: [],
    caches: [localCounts('product', cache), localCounts('product-page', pages), ...(shared?.counts ?? [])],
    shadows: shadow === null ? [] : [{ ladder: 'product.cache', counts: shadow.counts }],
    drain: async () => shadow?.close(),
  }
}
