// Product pages and best-seller lists with the file's popularity, while 100 orders a second are placed and paid.

import type { OrderTables } from '../../modules/order/tables.ts'
import { settings } from '../../platform/config/settings.ts'
import { inArena } from '../support/arena.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { CONNECTIONS, type Contender, Contest, contenderOf, yardstickOf } from '../support/contenders.ts'
import type { Measure } from '../support/measure.ts'
import { PayingCustomers } from '../support/paying-customers.ts'
import { drawer, RETAIL_FILE, type RetailFile, readRetailFile, seeded } from '../support/retail-file.ts'
import { StalenessChecker } from '../support/staleness-checker.ts'

/** Different requests in a row; then they come round. */
const READS = 50_000
/** Every fifth read is a ranking: a front page for four product pages. */
const RANKING_EVERY = 5
const RANKINGS = [
  '/v1/bestsellers?period=today',
  '/v1/bestsellers?period=week',
  '/v1/bestsellers?period=week&by=units',
]
const ORDERS_PER_SECOND = 100
const FILLING_MS = 3_000
/** The customers count as having kept up above this part of what was asked of them. */
const KEPT_UP = 0.95

export const reads: Measure = {
  name: 'reads',
  summary: `product and best-seller reads while ${ORDERS_PER_SECOND} orders/s are paid, MariaDB beside bare Fastify GET`,
  steps: run => Contest.steps(3, run),
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const shop = await arena.shop('mariadb', { catalogue: RETAIL_FILE })
      await shop.stockUp(await shop.administrator(), [...retail.prices.keys()])
      const paths = pathsOf(retail)
      const { customers, checker, alongside, seconds } = await traffic(shop, retail)
      await fillRankings(shop, alongside)
      const fastifyServer = await arena.bareFastify(await answersOf(shop, new Set(paths)))
      const load = { kind: 'read', files: [arena.file('paths', paths)] } as const
      const same = { load: () => load, successes: ['200'] }
      const fastify: Contender = { ...yardstickOf('Bare Fastify GET', fastifyServer), ...same }
      const uncachedServer = await arena.uncachedReads(shop)
      const uncached: Contender = { ...yardstickOf('Without caches', uncachedServer, shop.engine), ...same }
      const mariadb: Contender = { ...contenderOf(shop), ...same, alongside }

      const contest = new Contest(run)
      const all = [fastify, uncached, mariadb]
      await contest.hold(all)
      customers.close()
      checker.close()
      const { oldest } = contest.middle(mariadb, CONNECTIONS)
      const { paid } = customers
      contest.problems.push(...customers.problems, ...checker.problems, ...(await shop.verify()))
      if (paid < ORDERS_PER_SECOND * seconds() * KEPT_UP)
        contest.problems.push(`only ${paid} orders were paid in ${seconds().toFixed(0)} s`)
      return {
        rows: [
          {
            name: `reads while ${ORDERS_PER_SECOND} orders/s are paid, MariaDB ÷ bare Fastify GET`,
            value: contest.ratio(mariadb, fastify),
            unit: '×',
            goal: 0.85,
            floor: 0.6,
            better: 'higher',
          },
        ],
        notes: [
          ...contest.notes(all, 'reads'),
          ...contest.engineNotes([uncached, mariadb]),
          `${paid} orders placed and paid meanwhile; ${checker.looks} answers compared with them, the oldest ` +
            `${checker.oldest} ms when it arrived; oldest of all that wrk got: ${oldest.toFixed(0)} ms`,
        ],
        problems: contest.problems,
      }
    }),
}

/** Sells until the lists are as long as they are asked for: empty ones would be cheap to answer. */
async function fillRankings(shop: BenchShop, alongside: () => { stop(): Promise<void> }): Promise<void> {
  const selling = alongside()
  await new Promise(resolve => setTimeout(resolve, FILLING_MS))
  await selling.stop()
  await shop.outboxEmpty()
}

function pathsOf(retail: RetailFile): string[] {
  const draw = drawer(retail, seeded(7))
  return Array.from({ length: READS }, (_, i) =>
    i % RANKING_EVERY === 0
      ? RANKINGS[(i / RANKING_EVERY) % RANKINGS.length]!
      : `/v1/products/${encodeURIComponent(draw())}`,
  )
}

/** Every answer as the shop gives it, for bare Fastify to give it too. */
async function answersOf(shop: BenchShop, paths: ReadonlySet<string>): Promise<Record<string, object>> {
  const answers: Record<string, object> = {}
  for (const path of paths) {
    const answer = await fetch(shop.url + path)
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`)
    answers[path] = (await answer.json()) as object
  }
  return answers
}

async function traffic(shop: BenchShop, retail: RetailFile) {
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
  return { customers, checker, alongside, seconds: () => time / 1000 }
}
