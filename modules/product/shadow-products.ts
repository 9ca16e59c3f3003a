// Products as Redis tells them, compared with the catalogue and the stock.

import { ShadowReads } from '../../platform/ladders/shadow-reads.ts'
import type { Standing } from '../../platform/ladders/standing.ts'
import type { CacheRung, ProductDeps } from './deps.ts'

type Load = Pick<CacheRung, 'load'>

export function shadowProducts(
  deps: Pick<ProductDeps, 'clock' | 'log' | 'settings'> & { readonly standing: Standing<'product.cache'> },
  redis: Load,
  local: Load,
): ShadowReads<'product.cache', string> {
  const { standing, clock, log, settings } = deps
  const said = async (by: Load, productId: string): Promise<string> => {
    const shown = (await by.load([productId])).get(productId)
    return shown === undefined ? 'no such product' : JSON.stringify({ ...shown.view, asOf: 0 })
  }
  return new ShadowReads({
    ...{ standing, clock, log, ladder: 'product.cache', rung: 'redis' },
    staleness: settings.staleness,
    askRung: productId => said(redis, productId),
    askLedger: productId => said(local, productId),
  })
}
