// The bottom rung of `product.cache`: nothing stands between memory and the ledger. Other processes keep to the
// declared staleness by themselves.

import type { CacheRung, ProductDeps } from './deps.ts'
import { loadShown } from './show-products.ts'

export function localRung(deps: ProductDeps): CacheRung {
  return { load: ids => loadShown(deps, ids), counts: [] }
}
