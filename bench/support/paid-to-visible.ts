// How long it takes until a paid order is to be seen in the ranking: each order is of a product of its own, and of more
// units than the one before, so that the newest are on top.

import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { createClient } from '../../platform/http/client.ts'
import { createSender } from '../../platform/http/send.ts'
import type { BenchShop } from './bench-shop.ts'
import { PayingCustomers } from './paying-customers.ts'
import type { RetailFile } from './retail-file.ts'

/** A moderate pace. The list shows the last two seconds of it. */
export const PER_SECOND = 50
const ROWS = 100
/** Pause between looks, ms. */
export const LOOK_EVERY_MS = 5
/** Units of the first order: more than any other sale of the bench. */
const UNITS_FIRST = 2_000
/** Longest wait for the last ones, ms: then they were not seen. */
const PATIENCE_MS = 5_000

export interface Waits {
  /** ms; Infinity: it was not seen while it was on top. */
  readonly waits: readonly number[]
  /** Units sold, by product. */
  readonly sold: ReadonlyMap<string, number>
  readonly problems: readonly string[]
}

/** One order of each of these products. Every call needs more units than the last: `begunBefore` orders. */
export async function paidToVisible(
  shop: BenchShop,
  retail: RetailFile,
  productIds: readonly string[],
  begunBefore: number,
): Promise<Waits> {
  const left = [...productIds].reverse()
  const unitsOf = new Map(productIds.map((productId, i) => [productId, UNITS_FIRST + begunBefore + i]))
  const customers = new PayingCustomers({
    url: shop.url,
    perSecond: PER_SECOND,
    productOf: () => left.pop()!,
    quantityOf: productId => unitsOf.get(productId)!,
    priceOf: productId => retail.prices.get(productId)!,
  })
  const sender = createSender(new URL(shop.url), 1)
  const bestseller = createClient(bestsellerContract, { baseUrl: shop.url, sender })
  const seen = new Map<string, number>()
  let stopped = false
  const looking = (async () => {
    while (!stopped) {
      const answer = await bestseller.bestSellers({ period: 'today', by: 'units', limit: ROWS })
      if (!answer.ok) throw new Error(`the ranking was refused: ${answer.refusal.detail}`)
      const now = Date.now()
      for (const { productId, units } of answer.value.rows)
        if (!seen.has(productId) && units >= (unitsOf.get(productId) ?? Number.POSITIVE_INFINITY))
          seen.set(productId, now)
      await pause()
    }
  })()
  // Its failure shows where it is waited for.
  looking.catch(() => undefined)
  customers.start(productIds.length)
  while (left.length > 0 && customers.problems.length === 0) await pause()
  await customers.stop()
  const deadline = performance.now() + PATIENCE_MS
  while (productIds.some(id => !seen.has(id)) && performance.now() < deadline) await pause()
  stopped = true
  await looking.finally(() => {
    sender.close()
    customers.close()
  })
  const waits = productIds.map(productId => {
    const paid = customers.salesOf(productId)[0]?.paid ?? 0
    // Seen before its buyer knew that it was paid: nobody waited for it.
    return Math.max(0, (seen.get(productId) ?? Number.POSITIVE_INFINITY) - paid)
  })
  return { waits, sold: unitsOf, problems: customers.problems }
}

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
