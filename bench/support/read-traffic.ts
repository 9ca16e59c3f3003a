// What reads need around them: customers who buy and pay meanwhile, somebody who compares what is read with that, and
// the shop's answers for bare Fastify to give.

import type { OrderTables } from '../../modules/order/tables.ts'
import { settings } from '../../platform/config/settings.ts'
import type { BenchShop } from './bench-shop.ts'
import { PayingCustomers } from './paying-customers.ts'
import { drawer, type RetailFile, seeded } from './retail-file.ts'
import { StalenessChecker } from './staleness-checker.ts'

/** Orders placed and paid a second beside the reads. */
export const ORDERS_PER_SECOND = 100
/** What every page shows. */
export const RANKINGS = [
  '/v1/bestsellers?period=today',
  '/v1/bestsellers?period=week',
  '/v1/bestsellers?period=week&by=units',
] as const
const FILLING_MS = 3_000
/** The customers count as having kept up above this part of what was asked of them. */
const KEPT_UP = 0.95

/** Sells until the lists are as long as they are asked for: empty ones would be cheap to answer. */
export async function fillRankings(
  shop: BenchShop,
  alongside: () => { stop(): Promise<void> },
): Promise<void> {
  const selling = alongside()
  await new Promise(resolve => setTimeout(resolve, FILLING_MS))
  await selling.stop()
  await shop.outboxEmpty()
}

/** Every answer as the shop gives it, for bare Fastify to give it too. */
export async function answersOf(
  shop: BenchShop,
  paths: ReadonlySet<string>,
): Promise<Record<string, object>> {
  const answers: Record<string, object> = {}
  for (const path of paths) {
    const answer = await fetch(shop.url + path)
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`)
    answers[path] = (await answer.json()) as object
  }
  return answers
}

export async function readTraffic(shop: BenchShop, retail: RetailFile) {
  const stock = await shop.ledger.reads<OrderTables>().selectFrom('stock').selectAll().execute()
  const customers = new PayingCustomers({
    url: shop.url,
    perSecond: ORDERS_PER_SECOND,
    productOf: drawer(retail, seeded(8)),
    priceOf: productId => retail.prices.get(productId)!,
  })
  const checker = new StalenessChecker({
    url: shop.url,
    declared: {
      product: settings['product.staleness'].default,
      bestseller: settings['bestseller.staleness'].default,
    },
    productOf: drawer(retail, seeded(9)),
    before: new Map(stock.map(row => [row.product_id, row.available])),
    customers,
  })
  let time = 0
  const alongside = () => {
    const started = performance.now()
    customers.start()
    checker.start()
    return {
      async stop() {
        time += performance.now() - started
        await Promise.all([customers.stop(), checker.stop()])
      },
    }
  }
  return {
    alongside,
    /** Sold by others while none of this was under way. */
    noteSold: (units: ReadonlyMap<string, number>) => checker.noteSold(units),
    /** Ends it. Returns what went wrong. */
    close(): string[] {
      customers.close()
      checker.close()
      const asked = (ORDERS_PER_SECOND * time) / 1000
      const { paid } = customers
      const late =
        paid < asked * KEPT_UP ? [`only ${paid} orders were paid in ${(time / 1000).toFixed(0)} s`] : []
      return [...customers.problems, ...checker.problems, ...late]
    },
    /** `oldestOfAll`: of all that the load got, ms. */
    note: (oldestOfAll: number): string =>
      `${customers.paid} orders placed and paid meanwhile; ${checker.looks} answers compared with them, the oldest ` +
      `${checker.oldest} ms when it arrived; oldest of all that wrk got: ${oldestOfAll.toFixed(0)} ms`,
  }
}
