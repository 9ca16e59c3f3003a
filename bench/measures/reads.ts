// Product pages and best-seller lists with the file's popularity, while 100 orders a second are placed and paid.

import { inArena } from '../support/arena.ts'
import { CONNECTIONS, type Contender, Contest, contenderOf, yardstickOf } from '../support/contenders.ts'
import type { Measure } from '../support/measure.ts'
import { answersOf, fillRankings, ORDERS_PER_SECOND, RANKINGS, readTraffic } from '../support/read-traffic.ts'
import { drawer, RETAIL_FILE, type RetailFile, readRetailFile, seeded } from '../support/retail-file.ts'

/** Different requests in a row; then they come round. */
const READS = 50_000
/** Every fifth read is a ranking: a front page for four product pages. */
const RANKING_EVERY = 5

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
      const traffic = await readTraffic(shop, retail)
      const { alongside } = traffic
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
      const { oldest } = contest.middle(mariadb, CONNECTIONS)
      contest.problems.push(...traffic.close(), ...(await shop.verify()))
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
          traffic.note(oldest),
        ],
        problems: contest.problems,
      }
    }),
}

function pathsOf(retail: RetailFile): string[] {
  const draw = drawer(retail, seeded(7))
  return Array.from({ length: READS }, (_, i) =>
    i % RANKING_EVERY === 0
      ? RANKINGS[(i / RANKING_EVERY) % RANKINGS.length]!
      : `/v1/products/${encodeURIComponent(draw())}`,
  )
}
