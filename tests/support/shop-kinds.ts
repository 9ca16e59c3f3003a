// The kinds of shops that every whole-system test runs on: from everything in one file to everything apart.

import { describe } from 'vitest'
import type { SHOP_KINDS } from './engine-names.ts'
import { kafkaBrokers, type LedgerEngine, ledgerUrls, redisUrl } from './engines.ts'

export interface ShopKind extends Omit<LedgerEngine, 'name'> {
  readonly name: (typeof SHOP_KINDS)[number]
  readonly redis?: string
  readonly kafka?: string
  /** Every service a process of its own. */
  readonly split?: true
}

/** Those whose engines are at hand, and the names of the others. */
function shopKinds(): { there: readonly ShopKind[]; missing: readonly ShopKind['name'][] } {
  const url = ledgerUrls().find(engine => engine.name === 'mariadb')?.url
  const redis = redisUrl()
  const kafka = kafkaBrokers()
  const there: ShopKind[] = [{ name: 'sqlite' }]
  const missing: ShopKind['name'][] = []
  if (url === undefined) missing.push('mariadb')
  else there.push({ name: 'mariadb', url })
  if (url === undefined || redis === undefined) missing.push('redis')
  else there.push({ name: 'redis', url, redis })
  if (url === undefined || redis === undefined || kafka === undefined) missing.push('kafka', 'split')
  else {
    there.push({ name: 'kafka', url, redis, kafka })
    there.push({ name: 'split', url, redis, kafka, split: true })
  }
  return { there, missing }
}

/** The same suite on every kind of shop. Where an engine is not at hand its kinds count as skipped. */
export function onEveryShop(title: string, suite: (kind: ShopKind) => void): void {
  const { there, missing } = shopKinds()
  for (const kind of there) describe(`${title} (${kind.name})`, () => suite(kind))
  for (const name of missing) describe.skipIf(true)(`${title} (${name})`, () => suite({ name }))
}
