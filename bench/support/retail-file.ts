// The December file as a source of load: what people really bought, how often, from where.

import path from 'node:path'
import { classifyAll } from '../../services/retail/classify.ts'
import { planReplay } from '../../services/retail/plan.ts'
import { readAllLines } from '../../services/retail/read-lines.ts'

export const RETAIL_FILE = path.resolve(import.meta.dirname, '../../data/online-retail-2010-12.csv.gz')

export interface RetailFile {
  /** List prices by product, minor units. */
  readonly prices: ReadonlyMap<string, number>
  /** The product of each sale line: drawing one at random draws by popularity. */
  readonly bought: readonly string[]
  /** The product on most lines. */
  readonly hottest: string
}

export async function readRetailFile(): Promise<RetailFile> {
  const lines = await readAllLines(RETAIL_FILE)
  const bought = classifyAll(lines).sale.map(line => line.stockCode)
  const counts = new Map<string, number>()
  for (const productId of bought) counts.set(productId, (counts.get(productId) ?? 0) + 1)
  return {
    prices: new Map(planReplay(lines).products.map(product => [product.id, product.listPriceMinor])),
    bought,
    hottest: [...counts].reduce((best, each) => (each[1] > best[1] ? each : best))[0],
  }
}

/** Bodies of `placeOrder` for one unit of each of these products. */
export function orderOf(retail: RetailFile, productIds: readonly string[], more: object = {}): string {
  const expectedTotal = productIds.reduce((sum, productId) => sum + retail.prices.get(productId)!, 0)
  const lines = productIds.map(productId => ({ productId, quantity: 1 }))
  return JSON.stringify({ lines, expectedTotal, ...more })
}

/** Numbers from 0 up to 1, the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Draws products by popularity. */
export function drawer({ bought }: RetailFile, random: () => number): () => string {
  return () => bought[Math.floor(random() * bought.length)]!
}
